import { type CancelTimer, Clock } from '../../utils/clock.js';
import type { Delivery, DeliveryContext } from './delivery.js';

interface Timer {
  readonly due: number;
  readonly fire: () => void;
  readonly owner: Delivery | undefined;
}

/** Milliseconds since the epoch: 2030-01-01, midnight UTC. */
const START = Date.UTC(2030, 0);

/** Time that moves when nothing else can happen. A timer dies with the delivery that set it. */
export class SimulatedClock extends Clock {
  private time = START;
  private timers: Timer[] = [];

  constructor(private readonly context: DeliveryContext) {
    super();
  }

  override now(): number {
    return this.time;
  }

  override monotonic(): number {
    return this.time;
  }

  override after(ms: number, fire: () => void): CancelTimer {
    return this.schedule(ms, fire, this.context.current);
  }

  /** As `after`, for an owner, or for nobody: then it fires whoever dies. */
  schedule(ms: number, fire: () => void, owner?: Delivery): CancelTimer {
    const timer: Timer = { due: this.time + Math.max(ms, 0), fire, owner };
    this.timers.splice(this.timers.findLastIndex(({ due }) => due <= timer.due) + 1, 0, timer);
    return () => {
      const at = this.timers.indexOf(timer);
      if (at >= 0) this.timers.splice(at, 1);
    };
  }

  /** Moves time on to the next timer, and fires it. `false`: there is none. */
  fireNext(): boolean {
    const next = this.timers.shift();
    if (next === undefined) return false;
    this.time = next.due;
    this.context.enter(next.owner, next.fire);
    return true;
  }

  /** Nothing that a delivery waited for happens any more. */
  bury(owner: Delivery): void {
    this.timers = this.timers.filter((timer) => timer.owner !== owner);
  }

  /** A new run: the same moment again, and no timers. */
  reset(): void {
    this.time = START;
    this.timers = [];
  }
}
