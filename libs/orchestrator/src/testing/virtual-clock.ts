import { setImmediate } from 'node:timers/promises';
import { type CancelTimer, Clock } from '../utils/clock.js';

interface Timer {
  readonly due: number;
  readonly fire: () => void;
}

/**
 * Time that stands still until a test moves it: back-offs, waits and leases of days take none. Timers fire in the order in
 * which they are due, equal ones in the order in which they were set; after each, everything that waits for promises alone
 * goes on before the next fires. What waits for I/O does not: wait for that yourself.
 *
 * @example
 * const services = await bootServices({ imports: [OrdersModule] });
 * await services.orchestrator('orders').start('order-to-cash', { input });
 * await services.clock.advance(30_000); // every retry of the next thirty seconds has been made
 */
export class VirtualClock extends Clock {
  private readonly timers: Timer[] = [];

  /** @param time milliseconds since the epoch; by default 2030-01-01, midnight UTC */
  constructor(private time = Date.UTC(2030, 0)) {
    super();
  }

  /** Timers that have not fired. */
  get pending(): number {
    return this.timers.length;
  }

  override now(): number {
    return this.time;
  }

  override monotonic(): number {
    return this.time;
  }

  override after(ms: number, fire: () => void): CancelTimer {
    const timer: Timer = { due: this.time + Math.max(ms, 0), fire };
    this.timers.splice(this.timers.findLastIndex(({ due }) => due <= timer.due) + 1, 0, timer);
    return () => {
      const at = this.timers.indexOf(timer);
      if (at >= 0) this.timers.splice(at, 1);
    };
  }

  /** Moves time on by so many milliseconds, also past timers that are only set on the way. */
  async advance(ms: number): Promise<void> {
    const end = this.time + ms;
    await setImmediate();
    for (let next = this.timers[0]; next !== undefined && next.due <= end; next = this.timers[0]) {
      this.timers.shift();
      this.time = next.due;
      next.fire();
      await setImmediate();
    }
    this.time = Math.max(this.time, end);
  }

  /** Moves time on to when the next timer is due, and past all that are due then. `false`: there is none. */
  async advanceToNext(): Promise<boolean> {
    await setImmediate();
    const [next] = this.timers;
    if (next === undefined) return false;
    await this.advance(next.due - this.time);
    return true;
  }
}
