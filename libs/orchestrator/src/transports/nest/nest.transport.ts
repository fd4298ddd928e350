import { Logger } from '@nestjs/common';
import { TransportClosedError } from '../../errors/transport-closed.error.js';
import { SystemClock } from '../../utils/clock.js';
import { settledWithin } from '../../utils/deadline.js';
import { describeError } from '../../utils/describe-error.js';
import { deadOf } from '../destinations.js';
import {
  type KeptMessage,
  type MessageHandler,
  type OutgoingMessage,
  type TransportCapabilities,
  WorkflowTransport,
} from '../workflow.transport.js';
import type { Packet } from './packet.js';
import { Waiting } from './waiting.js';
import type { Take, Wire } from './wire.js';

/** Workflow messages over one of Nest's own transports: what they have in common. What they differ in is a {@link Wire}. */
export class NestTransport extends WorkflowTransport {
  override readonly capabilities: TransportCapabilities;
  private readonly logger = new Logger(NestTransport.name);
  private readonly inHand = new Set<Promise<unknown>>();
  private readonly waiting = new Waiting();
  private stopped = false;
  private closed = false;

  constructor(
    private readonly service: string,
    private readonly wire: Wire,
  ) {
    super();
    this.capabilities = wire.capabilities;
  }

  override get shared(): boolean {
    return true;
  }

  /** Resolves when the service can be sent to, where that is so before it consumes. */
  open(): Promise<void> {
    return this.wire.open();
  }

  /** @throws TransportClosedError, BrokerUnavailableError, BrokerRefusedError */
  override async consume(destination: string, handler: MessageHandler): Promise<void> {
    if (this.stopped) throw new TransportClosedError(this.service, `consume "${destination}"`);
    const { redelivery } = this.capabilities;
    if (!redelivery && destination === deadOf(this.service)) return; // what comes once is never given up
    const handle: Take = (packet, deliveries) =>
      this.handle(handler({ body: packet.body, messageId: packet.message_id, deliveries }));
    await this.open();
    await this.wire.listen(
      destination,
      redelivery ? handle : (packet) => this.handle(this.once(destination, packet, handle)),
    );
  }

  /** @throws UnroutableError, TransportClosedError, BrokerUnavailableError */
  override async publish(message: OutgoingMessage): Promise<void> {
    const { destination, body, messageId, delay = 0, failedDeliveries = 0 } = message;
    if (this.closed) throw new TransportClosedError(this.service, `send to "${destination}"`);
    const due = delay > 0 ? { due: Date.now() + Math.ceil(delay) } : {};
    const failed = failedDeliveries > 0 ? { failed_deliveries: failedDeliveries } : {};
    await this.wire.send(destination, { message_id: messageId, body, ...due, ...failed });
  }

  override browse(topic: string): Promise<readonly KeptMessage[]> {
    return this.wire.browse(topic);
  }

  override remove(topic: string, messageId: string): Promise<void> {
    return this.wire.remove(topic, messageId);
  }

  override async stop(graceMs: number): Promise<void> {
    this.stopped = true;
    await this.wire.stop();
    this.waiting.end();
    await settledWithin(new SystemClock(), graceMs, this.idle());
  }

  override async close(): Promise<void> {
    if (this.closed) return;
    this.stopped = true;
    await this.wire.stop();
    this.waiting.end();
    this.closed = true;
    await this.wire.close();
  }

  private async handle(work: Promise<unknown>): Promise<void> {
    this.inHand.add(work);
    try {
      await work;
    } finally {
      this.inHand.delete(work);
    }
  }

  private async idle(): Promise<void> {
    while (this.inHand.size > 0) await Promise.allSettled(this.inHand);
  }

  /** What comes once: held back here if it is early, and gone if it is not handled. */
  private async once(destination: string, packet: Packet, handle: Take): Promise<void> {
    const { message_id, due } = packet;
    try {
      const isDue = due === undefined || due <= Date.now() || (await this.waiting.until(due));
      await (isDue ? handle(packet, 1) : this.wire.send(destination, packet)); // another process waits on
    } catch (error) {
      // The body is the run's, and stays out of the log.
      this.logger.error(`Message "${message_id}" to "${destination}" is lost: ${describeError(error)}`);
    }
  }
}
