import { Logger } from '@nestjs/common';
import type { Channel, ChannelModel, ConsumeMessage } from 'amqplib';
import { describeError } from '../../utils/describe-error.js';
import { closed } from './closing.js';

/** What a handler resolves with to have a delivery given up: the queue's dead letters have it then. */
export const DEAD = Symbol('dead');

/** What is done with a delivery. Resolves: acknowledged, or given up as {@link DEAD}. Rejects: it comes again. */
export type DeliveryHandler = (delivery: Delivery) => Promise<unknown>;

export interface Delivery {
  readonly content: Buffer;
  readonly messageId: string;
  readonly headers: Readonly<Record<string, unknown>>;
  /** How often this queue delivered it, this time included. */
  readonly deliveries: number;
}

/** Milliseconds until a refused message comes again: doubled each time, up to the longest. */
const FIRST_REDELIVERY = 100;
const LONGEST_REDELIVERY = 5_000;

/** The deliveries of one queue, by a channel of its own, on whichever connection there is. */
export class Consumer {
  private readonly logger = new Logger('RabbitMQ');
  private readonly inHand = new Set<Promise<void>>();
  private readonly held = new Set<() => void>();
  private channel: Channel | undefined;
  private readonly tag: string;
  private stopped = false;

  /** @param prefetch how many deliveries are handled at once */
  constructor(
    readonly queue: string,
    private readonly prefetch: number,
    private readonly handle: DeliveryHandler,
    tag: string,
  ) {
    this.tag = `${queue}:${tag}`;
  }

  /** Begins, on a new connection. What is in hand from the one before is handled to its end, and comes again. */
  async attach(model: ChannelModel): Promise<void> {
    if (this.stopped) return;
    const channel = await model.createChannel();
    const recover = (why: unknown): void => {
      if (this.stopped) return;
      this.logger.warn(`Queue "${this.queue}" is not consumed any more (${describeError(why)}): connecting anew.`);
      void closed(model); // and another one is made
    };
    channel.on('error', recover);
    await channel.prefetch(this.prefetch);
    if (this.isStopped()) return closed(channel);
    this.channel = channel;
    await channel.consume(
      this.queue,
      (message) => {
        if (message === null) recover('cancelled by the broker');
        else this.deliver(message, channel);
      },
      { consumerTag: this.tag },
    );
  }

  /** Asks for no more. */
  async stop(): Promise<void> {
    if (this.stopped) return;
    this.giveUp();
    await this.channel?.cancel(this.tag).catch(() => undefined); // its connection is gone, and what it had with it
  }

  /** Resolves when nothing is in hand. */
  async idle(): Promise<void> {
    while (this.inHand.size > 0) await Promise.all(this.inHand);
  }

  /**
   * Gives back what is still in hand. Waits for the broker, which else may close the connection before it has seen the last
   * acknowledgements.
   */
  async close(): Promise<void> {
    this.giveUp();
    if (this.channel !== undefined) await closed(this.channel);
  }

  private giveUp(): void {
    this.stopped = true;
    for (const giveBack of this.held) giveBack();
  }

  /** It may have been stopped while something was waited for. */
  private isStopped(): boolean {
    return this.stopped;
  }

  private deliver(message: ConsumeMessage, channel: Channel): void {
    const work = this.settle(message, channel).finally(() => this.inHand.delete(work));
    this.inHand.add(work);
  }

  private async settle(message: ConsumeMessage, channel: Channel): Promise<void> {
    const delivery = deliveryOf(message);
    let verdict: 'done' | 'dead' | 'refused';
    try {
      verdict = (await this.handle(delivery)) === DEAD ? 'dead' : 'done';
    } catch (error) {
      verdict = 'refused';
      // The body is the run's, and stays out of the log.
      this.logger.warn(`Message "${delivery.messageId}" of "${this.queue}", delivery ${delivery.deliveries}, was refused: ${describeError(error)}`); // prettier-ignore
      await this.pause(delivery.deliveries);
    }
    try {
      if (verdict === 'done') channel.ack(message);
      else channel.nack(message, false, verdict === 'refused');
    } catch {
      // The channel is gone, and the broker delivers it again.
    }
  }

  /** A broker that gets a refused message back delivers it at once. */
  private async pause(deliveries: number): Promise<void> {
    if (this.stopped) return;
    const ms = Math.min(FIRST_REDELIVERY * 2 ** (deliveries - 1), LONGEST_REDELIVERY);
    let over = (): void => undefined;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      over = () => {
        clearTimeout(timer);
        resolve();
      };
      this.held.add(over);
    });
    this.held.delete(over);
  }
}

function deliveryOf({ content, fields, properties }: ConsumeMessage): Delivery {
  const headers = (properties.headers ?? {}) as Readonly<Record<string, unknown>>;
  // The header may be that of a queue it was in before: this one has written it only if it delivers again.
  const before = fields.redelivered ? Number(headers['x-delivery-count'] ?? 1) : 0;
  return { content, messageId: String(properties.messageId ?? ''), headers, deliveries: before + 1 };
}
