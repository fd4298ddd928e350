/** Stops a timer that has not fired yet; later it does nothing. */
export type CancelTimer = () => void;

/** Time as the library sees it: one per application, replaced in tests so that back-offs and waits take no time. */
export abstract class Clock {
  /** Milliseconds since the epoch. */
  abstract now(): number;
  /** Milliseconds since some moment; it only moves forward, also when the machine's time is set. */
  abstract monotonic(): number;
  /**
   * Calls `fire` once, `ms` milliseconds from now. The process stays alive until then, or until it is cancelled: a run that
   * waits in memory would be lost, and whoever awaits its result would never hear of it.
   */
  abstract after(ms: number, fire: () => void): CancelTimer;
}

/** The machine's own time. */
export class SystemClock extends Clock {
  override now(): number {
    return Date.now();
  }

  override monotonic(): number {
    return performance.now();
  }

  override after(ms: number, fire: () => void): CancelTimer {
    const due = this.now() + ms;
    // A timer above 2^31 - 1 ms would fire at once: a longer one is set again until it is due.
    const arm = (): NodeJS.Timeout =>
      setTimeout(
        () => {
          if (this.now() < due) timer = arm();
          else fire();
        },
        Math.min(Math.max(due - this.now(), 0), 2_147_483_647),
      );
    let timer = arm();
    return () => {
      clearTimeout(timer);
    };
  }
}
