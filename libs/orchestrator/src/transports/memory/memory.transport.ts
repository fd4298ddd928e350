import { TransportClosedError } from '../../errors/transport-closed.error.js';
import {
  type KeptMessage,
  type MessageHandler,
  type OutgoingMessage,
  type TransportCapabilities,
  WorkflowTransport,
} from '../workflow.transport.js';
import type { MemoryBroker } from './memory.broker.js';
import type { MemoryConsumer } from './memory.queue.js';

export interface MemoryTransportOptions {
  /** Messages that one consumer handles at once. Default 10. */
  readonly prefetch?: number;
}

/** Carries messages between the services of one process. What it accepted ends with the process. */
export class MemoryTransport extends WorkflowTransport {
  override readonly capabilities: TransportCapabilities = {
    durable: false,
    delay: true,
    competing: true,
    redelivery: true,
  };
  private readonly prefetch: number;
  private readonly consumers: MemoryConsumer[] = [];
  private stopped = false;
  private closed = false;

  /** Its service can be sent to from now on, and consumes when it will. */
  constructor(
    private readonly broker: MemoryBroker,
    private readonly service: string,
    { prefetch = 10 }: MemoryTransportOptions = {},
  ) {
    super();
    this.prefetch = prefetch;
    broker.join(service);
  }

  /** @throws TransportClosedError */
  override consume(destination: string, handler: MessageHandler): Promise<void> {
    return settled(() => {
      if (this.stopped) throw new TransportClosedError(this.service, `consume "${destination}"`);
      this.consumers.push(this.broker.consume(destination, this.service, handler, this.prefetch));
    });
  }

  /**
   * Accepts until it is closed: what is in flight has its next message to send.
   * @throws UnroutableError, TransportClosedError
   */
  override publish(message: OutgoingMessage): Promise<void> {
    return settled(() => {
      if (this.closed) throw new TransportClosedError(this.service, `send to "${message.destination}"`);
      this.broker.publish(message);
    });
  }

  override browse(topic: string): Promise<readonly KeptMessage[]> {
    return Promise.resolve(this.broker.kept(topic));
  }

  override remove(topic: string, messageId: string): Promise<void> {
    return settled(() => {
      this.broker.remove(topic, messageId);
    });
  }

  override async stop(graceMs: number): Promise<void> {
    this.stopped = true;
    const drained = Promise.all(this.consumers.map((consumer) => consumer.drain()));
    await new Promise<void>((resolve) => {
      const cancel = this.broker.clock.after(graceMs, resolve);
      void drained.then(() => {
        cancel();
        resolve();
      });
    });
  }

  /** What is still in flight goes to another consumer, as everything that waits does. */
  override close(): Promise<void> {
    return settled(() => {
      if (this.closed) return;
      this.stopped = true;
      this.closed = true;
      for (const consumer of this.consumers) consumer.abandon();
      this.broker.leave();
    });
  }
}

/** Does it at once; what it throws is what the promise rejects with. */
const settled = (act: () => void): Promise<void> =>
  new Promise((resolve) => {
    act();
    resolve();
  });
