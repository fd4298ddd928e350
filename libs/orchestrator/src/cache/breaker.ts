import type { Clock } from '../utils/clock.js';

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
  private closedUntil = 0;

  /** @param ms for which an answer is waited for. `undefined`: the store is in this process, and always asked */
  constructor(
    private readonly clock: Clock,
    private readonly ms: number | undefined,
  ) {}

  /** What the call comes to; `undefined` where it failed, took too long, or was not made. */
  async try<T>(call: () => Promise<T>): Promise<T | undefined> {
    if (this.ms === undefined) return call().catch(() => undefined); // it cannot read what it holds
    if (this.failures >= FAILURES) {
      if (this.clock.monotonic() < this.closedUntil) return undefined;
      this.closedUntil = this.clock.monotonic() + PAUSE; // the others wait for what this one comes to
    }
    try {
      const answer = await this.within(this.ms, call());
      this.failures = 0;
      return answer;
    } catch {
      this.failures += 1;
      if (this.failures >= FAILURES) this.closedUntil = this.clock.monotonic() + PAUSE;
      return undefined;
    }
  }

  private within<T>(ms: number, answer: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const disarm = this.clock.after(ms, () => {
        reject(new Error(`no answer within ${ms} ms`));
      });
      answer.then(resolve, reject).finally(disarm);
    });
  }
}
