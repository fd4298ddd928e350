import { UnroutableError } from '../../errors/unroutable.error.js';
import { workflowOf } from '../../transports/destinations.js';
import {
  type KeptMessage,
  type MessageHandler,
  type OutgoingMessage,
  type TransportCapabilities,
  WorkflowTransport,
} from '../../transports/workflow.transport.js';
import type { Stage } from './stage.js';

/** Carries messages through a stage, where anything may happen to them. */
export class SimulatedTransport extends WorkflowTransport {
  override readonly capabilities: TransportCapabilities;

  constructor(
    private readonly stage: Stage,
    durable: boolean,
  ) {
    super();
    this.capabilities = { durable, delay: true, competing: true, redelivery: true };
  }

  override consume(destination: string, handler: MessageHandler): Promise<void> {
    this.stage.consume(destination, handler);
    return Promise.resolve();
  }

  override publish(message: OutgoingMessage): Promise<void> {
    const { destination, messageId, delay = 0 } = message;
    return this.stage.call({
      port: 'publish',
      paths: [],
      about: () => `${destination} ${messageId}${delay > 0 ? ` in ${Math.round(delay)} ms` : ''}`,
      act: () => {
        if (destination.endsWith(workflowOf('')) && !this.stage.knows(destination)) {
          throw new UnroutableError(destination, []);
        }
        this.stage.accept(message);
      },
    });
  }

  override browse(topic: string): Promise<readonly KeptMessage[]> {
    return Promise.resolve(this.stage.history.terminals.filter(({ destination }) => destination === topic));
  }

  /** What happened stays in the history. */
  override remove(): Promise<void> {
    return Promise.resolve();
  }

  override stop(): Promise<void> {
    return Promise.resolve();
  }

  override close(): Promise<void> {
    return Promise.resolve();
  }
}
