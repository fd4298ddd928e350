// Not the globals: where an app's test fakes those, messages still flow.
import { setImmediate } from 'node:timers';
import { Logger } from '@nestjs/common';
import { describe } from '../../utils/describe.js';
import { Fifo } from '../../utils/fifo.js';
import type { MessageHandler, OutgoingMessage } from '../workflow.transport.js';

interface Entry {
  readonly message: OutgoingMessage;
  deliveries: number;
}

/** What a queue asks of its broker. */
export interface QueueHost {
  /** Calls `fire` in so many milliseconds, unless the broker is given up before. */
  later(ms: number, fire: () => void): void;
  /** Takes over a message that was refused too often. `false`: it must be tried again. */
  giveUp(message: OutgoingMessage): boolean;
  /** Something ended that may have been the last thing under way. */
  settled(): void;
}

/** Deliveries in a row before timers and I/O get their turn. */
const BURST = 64;
/** Refused deliveries after which a message is given up. */
const DELIVERIES = 5;
/** Milliseconds until a refused message comes again: doubled each time, up to the longest. */
const FIRST_REDELIVERY = 100;
const LONGEST_REDELIVERY = 5_000;

/**
 * Messages of one destination, delivered in the order of their arrival to whichever consumer has room, in turn.
 *
 * A delivery never happens within the call that caused it, so a chain of hops does not grow the stack. It happens in a
 * microtask, as a turn of the event loop costs ten times as much (5 µs to 0.5 µs); but after a burst of them in the next
 * turn, so that a chain without an end does not keep timers and I/O waiting.
 */
export class MemoryQueue {
  private readonly logger = new Logger(MemoryQueue.name);
  private readonly waiting = new Fifo<Entry>();
  private readonly consumers: MemoryConsumer[] = [];
  private turn = 0;
  private handling = 0;
  private burst = 0;
  private scheduled = false;

  constructor(private readonly host: QueueHost) {}

  /** Nothing is being handled, and nothing could be delivered. */
  get idle(): boolean {
    return this.handling === 0 && (this.waiting.size === 0 || !this.consumed);
  }

  get consumed(): boolean {
    return this.consumers.length > 0;
  }

  push(message: OutgoingMessage): void {
    this.enqueue({ message, deliveries: message.failedDeliveries ?? 0 });
  }

  /** @param prefetch how many messages the handler may have at once */
  consume(handler: MessageHandler, prefetch: number): MemoryConsumer {
    const consumer = new MemoryConsumer(handler, prefetch, this);
    this.consumers.push(consumer);
    this.schedule();
    return consumer;
  }

  /** No more is delivered to it. */
  remove(consumer: MemoryConsumer): void {
    const at = this.consumers.indexOf(consumer);
    if (at >= 0) this.consumers.splice(at, 1);
    this.host.settled();
  }

  /** Takes back what a consumer did not acknowledge. */
  takeBack(entries: ReadonlySet<Entry>): void {
    this.handling -= entries.size;
    for (const entry of entries) this.enqueue(entry);
    this.host.settled();
  }

  private enqueue(entry: Entry): void {
    this.waiting.push(entry);
    this.schedule();
  }

  private schedule(): void {
    if (this.scheduled || this.waiting.size === 0 || !this.consumed) return;
    this.scheduled = true;
    if (this.burst < BURST) {
      void Promise.resolve().then(() => {
        this.deliver();
      });
    } else {
      setImmediate(() => {
        this.burst = 0;
        this.deliver();
      });
    }
  }

  private deliver(): void {
    this.scheduled = false;
    for (; this.burst < BURST; this.burst += 1) {
      const consumer = this.nextWithRoom();
      const entry = consumer && this.waiting.shift();
      if (consumer === undefined || entry === undefined) return;
      void this.hand(entry, consumer);
    }
    this.schedule();
  }

  private async hand(entry: Entry, consumer: MemoryConsumer): Promise<void> {
    const { body, messageId } = entry.message;
    entry.deliveries += 1;
    this.handling += 1;
    consumer.inHand.add(entry);
    let refused = false;
    try {
      await consumer.handler({ body, messageId, deliveries: entry.deliveries });
    } catch (error) {
      refused = true;
      this.tell(entry, error);
    }
    if (!consumer.settle(entry)) return;
    this.handling -= 1;
    const givenUp = refused && entry.deliveries >= DELIVERIES && this.host.giveUp(entry.message);
    if (refused && !givenUp) {
      this.host.later(redeliveryDelay(entry.deliveries), () => {
        this.enqueue(entry);
      });
    }
    this.schedule();
    this.host.settled();
  }

  /** The only one who hears of it, as every handler is not ours. The body is the run's, and stays out of the log. */
  private tell({ message, deliveries }: Entry, error: unknown): void {
    const reason = error instanceof Error ? String(error) : describe(error);
    const { messageId, destination } = message;
    this.logger.warn(`Message "${messageId}" to "${destination}", delivery ${deliveries}, was refused: ${reason}`);
  }

  private nextWithRoom(): MemoryConsumer | undefined {
    const { length } = this.consumers;
    for (let tried = 0; tried < length; tried += 1) {
      const consumer = this.consumers[this.turn++ % length];
      if (consumer?.hasRoom) return consumer;
    }
    return undefined;
  }
}

/** One consumer of a queue, and what it has in hand. */
export class MemoryConsumer {
  readonly inHand = new Set<Entry>();
  private drained: Promise<void> | undefined;
  private onDrained: () => void = () => undefined;

  constructor(
    readonly handler: MessageHandler,
    private readonly prefetch: number,
    private readonly queue: MemoryQueue,
  ) {}

  get hasRoom(): boolean {
    return this.inHand.size < this.prefetch;
  }

  /** `false`: the message had been taken back, so what its handler came to does not count. */
  settle(entry: Entry): boolean {
    const counts = this.inHand.delete(entry);
    if (this.inHand.size === 0) this.onDrained();
    return counts;
  }

  /** Lets nothing more be delivered. Resolves when nothing is in hand; may be asked again. */
  drain(): Promise<void> {
    this.queue.remove(this);
    this.drained ??= this.inHand.size === 0 ? Promise.resolve() : new Promise((resolve) => (this.onDrained = resolve));
    return this.drained;
  }

  /** Lets nothing more be delivered, and gives back what is still in hand. */
  abandon(): void {
    this.queue.remove(this);
    const unsettled = new Set(this.inHand);
    this.inHand.clear();
    this.onDrained();
    this.queue.takeBack(unsettled);
  }
}

const redeliveryDelay = (deliveries: number): number =>
  Math.min(FIRST_REDELIVERY * 2 ** (deliveries - 1), LONGEST_REDELIVERY);
