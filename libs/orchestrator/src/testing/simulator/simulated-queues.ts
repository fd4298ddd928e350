import type { OutgoingMessage } from '../../transports/workflow.transport.js';
import type { Delivery, Waiting } from './delivery.js';
import type { SimulatedClock } from './simulated-clock.js';

/** Messages on their way to services, in the order in which they became due. */
export class SimulatedQueues {
  ready: Waiting[] = [];
  private readonly doubled = new Set<string>();
  /** By message: how many copies of it wait, or are at work. */
  private readonly copies = new Map<string, number>();

  constructor(private readonly clock: SimulatedClock) {}

  clear(): void {
    this.ready = [];
    this.doubled.clear();
    this.copies.clear();
  }

  /** @param copy milliseconds after which a second copy comes, if one does; what is put back does not double each time */
  accept(message: OutgoingMessage, copy: () => number | undefined): void {
    const { messageId, delay = 0 } = message;
    this.enqueue({ message, deliveries: message.failedDeliveries ?? 0 }, delay);
    if (this.doubled.has(messageId)) return;
    this.doubled.add(messageId);
    const later = copy();
    if (later !== undefined) this.enqueue({ message, deliveries: message.failedDeliveries ?? 0 }, delay + later);
  }

  enqueue({ message, deliveries }: Waiting, delay: number): void {
    const waiting: Waiting = { message, deliveries };
    this.count(waiting, 1);
    if (delay <= 0) this.ready.push(waiting);
    else this.clock.schedule(delay, () => this.ready.push(waiting));
  }

  /** A copy that is granted although the holder of its message lives. */
  overtake(waiting: Waiting): void {
    this.count(waiting, 1);
    this.ready.unshift({ ...waiting, takesOver: true });
  }

  /** This delivery is one copy less. */
  done({ waiting }: Delivery): void {
    this.count(waiting, -1);
  }

  hasCopies({ waiting }: Delivery): boolean {
    return (this.copies.get(waiting.message.messageId) ?? 0) > 1;
  }

  private count({ message: { messageId } }: Waiting, change: 1 | -1): void {
    this.copies.set(messageId, (this.copies.get(messageId) ?? 0) + change);
  }
}
