import type { Clock } from '../utils/clock.js';
import { withDeadline } from '../utils/deadline.js';

/** Failures in a row after which something is asked no more. */
const FAILURES = 3;
/** Milliseconds until one call is let through again, to see whether it answers. */
const PAUSE = 1_000;

/**
 * Keeps a store that is down or slow from holding everybody up: after three failures in a row it is not asked for a second,
 * then one call tries it. (A circuit breaker with half-open probing, after Nygard, "Release It!".)
 */
export class Breaker {
  private failures = 0;
  private pausedUntil = 0;

  /** @param ms for which an answer is waited for. `undefined`: the store is in this process, and is asked every time */
  constructor(
    private readonly clock: Clock,
    private readonly ms: number | undefined,
  ) {}

  /** What the call comes to; `undefined` where it failed, took too long, or was not made. */
  async try<T>(call: () => Promise<T>): Promise<T | undefined> {
    if (this.failures >= FAILURES) {
      if (this.clock.monotonic() < this.pausedUntil) return undefined;
      this.pausedUntil = this.clock.monotonic() + PAUSE; // the others wait for what this one comes to
    }
    try {
      const answer = await (this.ms === undefined ? call() : withDeadline(this.clock, this.ms, call()));
      this.failures = 0;
      return answer;
    } catch {
      if (this.ms !== undefined) this.failures += 1;
      if (this.failures >= FAILURES) this.pausedUntil = this.clock.monotonic() + PAUSE;
      return undefined;
    }
  }
}
