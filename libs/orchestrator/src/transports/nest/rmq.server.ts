import { Logger } from '@nestjs/common';
import { type RmqContext, type RmqOptions, ServerRMQ } from '@nestjs/microservices';
import { BrokerRefusedError } from '../../errors/broker-refused.error.js';
import { describeError } from '../../utils/describe-error.js';
import type { AmqpChannel, AmqpConnection, AmqpMessage } from '../rabbitmq/amqp.js';
import { closed } from '../rabbitmq/closing.js';
import { listening } from './listening.js';

/** What is done with a delivery; it acknowledges by itself. Never rejects. */
export type DeliveryHandler = (data: unknown, message: AmqpMessage, channel: AmqpChannel) => Promise<void>;

/** What is used of the connection of `amqp-connection-manager`. */
interface Reconnecting {
  readonly connection: AmqpConnection | undefined;
}

/** Milliseconds until what went wrong is tried again. */
const AGAIN_AFTER = 1_000;

/**
 * Nest's server of one queue, and what it leaves out: it stops without letting go of what is in hand, consumes again where the
 * broker or a fault of the channel has ended that, and says why it cannot listen.
 */
export class QueueServer extends ServerRMQ {
  private readonly log = new Logger('NestTransport');
  private raw: AmqpChannel | undefined;
  private refusal: unknown;
  private listens = false;
  private stopped = false;

  constructor(
    options: NonNullable<RmqOptions['options']>,
    private readonly tag: string,
    private readonly handle: DeliveryHandler,
  ) {
    super({ ...options, consumerTag: tag });
    this.addHandler(this.queue, (data: unknown, context: RmqContext) => this.hand(data, context), true);
  }

  /** @throws BrokerUnavailableError, BrokerRefusedError */
  async begin(): Promise<void> {
    await listening(this, `Queue "${this.queue}"`);
    if (this.refusal !== undefined) {
      throw new BrokerRefusedError(`RabbitMQ refuses to let "${this.queue}" be consumed: ${describeError(this.refusal)}. Delete the queue if it was made otherwise, or correct the options of nestTransport.`, { cause: this.refusal }); // prettier-ignore
    }
    this.listens = true;
  }

  /** Asks for no more. */
  async stop(): Promise<void> {
    if (this.stopped) return;
    this.stopped = true;
    await this.raw?.cancel(this.tag).catch(() => undefined); // its connection is gone, and what it had with it
  }

  override async close(): Promise<void> {
    this.stopped = true;
    await super.close().catch(() => undefined);
  }

  /** Whatever lies in the queue is for the one handler: a dead letter still names the queue that it was in. */
  override getHandlerByPattern(): ReturnType<ServerRMQ['getHandlerByPattern']> {
    return super.getHandlerByPattern(this.queue);
  }

  /** At every connection. */
  override async setupChannel(channel: AmqpChannel, callback: () => void): Promise<void> {
    if (this.stopped) return;
    this.raw = channel;
    channel.on('error', (error: unknown) => (this.refusal = error));
    channel.on('close', () => {
      if (this.raw === channel) this.again('its channel is closed');
    });
    try {
      // Nest does not wait for the broker's answer, nor hear that there is none.
      let consuming: Promise<unknown> | undefined;
      const consume = channel.consume.bind(channel);
      Object.assign(channel, { consume: (...args: Parameters<typeof consume>) => (consuming = consume(...args)) });
      await super.setupChannel(channel, () => undefined);
      await consuming;
    } catch (error) {
      this.refusal = error;
    }
    callback();
  }

  override async handleMessage(message: Readonly<Record<string, unknown>> | null, channel: AmqpChannel): Promise<void> {
    if (message === null) this.again('it was cancelled by the broker');
    else await super.handleMessage(message, channel);
  }

  private async hand(data: unknown, context: RmqContext): Promise<void> {
    await this.handle(data, context.getMessage() as AmqpMessage, context.getChannelRef() as AmqpChannel);
  }

  private again(why: string): void {
    if (this.stopped || !this.listens) return;
    this.log.warn(`Queue "${this.queue}" is not consumed any more, ${why} (${describeError(this.refusal ?? 'no error')}): connecting anew.`); // prettier-ignore
    setTimeout(() => {
      const connection = this.stopped ? undefined : (this.server as Reconnecting | null)?.connection;
      if (connection !== undefined) void closed(connection); // and another one is made
    }, AGAIN_AFTER).unref();
  }
}
