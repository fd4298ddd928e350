import type { INestApplication, ModuleMetadata } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { getOrchestratorToken } from '../decorators/inject-orchestrator.decorator.js';
import type { WorkflowOrchestrator } from '../orchestrator.service.js';
import { MemoryBroker } from '../transports/memory/memory.broker.js';
import type { OutgoingMessage } from '../transports/workflow.transport.js';
import { Clock } from '../utils/clock.js';
import { VirtualClock } from './virtual-clock.js';

/** Services of one process, on virtual time. */
export interface BootedServices {
  readonly app: INestApplication;
  readonly clock: VirtualClock;
  /** Every message that was published, in its order. The test's own list: it may empty it. */
  readonly hops: RecordedHop[];
  orchestrator(service: string): WorkflowOrchestrator;
  /**
   * Lets everything happen that is due or will become due: handles messages, and whenever nothing is left to handle, moves
   * time on to the next delayed one.
   */
  settle(): Promise<void>;
  close(): Promise<void>;
}

/** A published message. */
export class RecordedHop {
  /** @param delay milliseconds for which it was held back */
  constructor(
    readonly destination: string,
    readonly body: string,
    readonly delay: number,
  ) {}

  /** The body, parsed. @throws SyntaxError when it is no JSON */
  get message(): Readonly<Record<string, unknown>> {
    return JSON.parse(this.body) as Readonly<Record<string, unknown>>;
  }
}

/**
 * Boots modules as one application without a network: messages in memory, time that moves only when the test says so.
 *
 * @example
 * const services = await bootServices({ imports: [OrdersModule, PaymentsModule] });
 * const { workflowId } = await services.orchestrator('orders').start('order-to-cash', { input });
 * await services.settle(); // back-offs and waits take no time
 * expect(await services.orchestrator('orders').status(workflowId)).toMatchObject({ status: 'completed' });
 */
export async function bootServices(metadata: ModuleMetadata): Promise<BootedServices> {
  const clock = new VirtualClock();
  const broker = new RecordingBroker(clock);
  const module = await Test.createTestingModule(metadata)
    .overrideProvider(Clock)
    .useValue(clock)
    .overrideProvider(MemoryBroker)
    .useValue(broker)
    .compile();
  const app = module.createNestApplication({ logger: false });
  await app.init();
  return {
    app,
    clock,
    hops: broker.hops,
    orchestrator: (service) => app.get<WorkflowOrchestrator>(getOrchestratorToken(service), { strict: false }),
    settle: async () => {
      do await broker.idle();
      while (await clock.advanceToNext());
    },
    close: async () => {
      const closing = app.close();
      while (await clock.advanceToNext()); // what the application gives its steps to end takes no time either
      await closing;
    },
  };
}

class RecordingBroker extends MemoryBroker {
  readonly hops: RecordedHop[] = [];

  override publish(message: OutgoingMessage): void {
    super.publish(message);
    const { destination, body, delay = 0 } = message;
    this.hops.push(new RecordedHop(destination, body, delay));
  }
}
