import type { INestApplicationContext, LoggerService, LogLevel, ModuleMetadata } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { getOrchestratorToken } from '../decorators/inject-orchestrator.decorator.js';
import type { StartOptions } from '../execution/first-message.js';
import type { RunResult, WorkflowOrchestrator } from '../orchestrator.service.js';
import { MemoryBroker } from '../transports/memory/memory.broker.js';
import type { OutgoingMessage } from '../transports/workflow.transport.js';
import { Clock } from '../utils/clock.js';
import { VirtualClock } from './virtual-clock.js';

/** Services of one process, on virtual time. */
export interface BootedServices {
  readonly app: INestApplicationContext;
  readonly clock: VirtualClock;
  /** Every message that was published, in its order. The test's own list: it may empty it. */
  readonly hops: RecordedHop[];
  orchestrator(service: string): WorkflowOrchestrator;
  /**
   * Lets everything happen that is due or will become due: handles messages, and whenever nothing is left to handle, moves
   * time on to the next delayed one. It waits for handlers at work; for one that waits for time itself, `clock.advance` it.
   */
  settle(): Promise<void>;
  /** Starts a run at a service, settles, and gives its result. Rejects as `WorkflowOrchestrator.result` does. */
  run<Output = unknown>(service: string, cookbook: string | object, options?: StartOptions): Promise<RunResult<Output>>;
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
 * const { output } = await services.run('orders', 'order-to-cash', { input }); // back-offs and waits take no time
 * await services.close();
 *
 * @param options `logger`: what the application logs to. Default: nothing
 */
export async function bootServices(
  metadata: ModuleMetadata,
  { logger = false }: { readonly logger?: LoggerService | LogLevel[] | false } = {},
): Promise<BootedServices> {
  const clock = new VirtualClock();
  const broker = new RecordingBroker(clock);
  const module = await Test.createTestingModule(metadata)
    .overrideProvider(Clock)
    .useValue(clock)
    .overrideProvider(MemoryBroker)
    .useValue(broker)
    .compile();
  module.useLogger(logger);
  const app = await module.init();
  const orchestrator = (service: string): WorkflowOrchestrator =>
    app.get<WorkflowOrchestrator>(getOrchestratorToken(service), { strict: false });
  const settle = async (): Promise<void> => {
    do await broker.idle();
    while (await clock.advanceToNext());
  };
  return {
    app,
    clock,
    hops: broker.hops,
    orchestrator,
    settle,
    run: async (service, cookbook, options) => {
      const { workflowId } = await orchestrator(service).start(cookbook, options);
      await settle();
      return orchestrator(service).result(workflowId);
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
