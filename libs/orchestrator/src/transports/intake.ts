import { TransportClosedError } from '../errors/transport-closed.error.js';
import type { Clock } from '../utils/clock.js';
import { settledWithin } from '../utils/deadline.js';

/**
 * For messages that no transport of ours holds, what a transport does: they may come at any time, are handled from `open` on
 * until `stop`, and those at work are waited for.
 */
export class Intake {
  private readonly underWay = new Set<Promise<unknown>>();
  private stopped = false;
  private release: () => void = () => undefined;
  private readonly opened = new Promise<void>((resolve) => (this.release = resolve));

  constructor(
    private readonly service: string,
    private readonly clock: Clock,
  ) {}

  /** What came early is handled now. */
  open(): void {
    this.release();
  }

  /** @throws TransportClosedError once it is stopped: `handle` is not called */
  async admit<Result>(handle: () => Promise<Result>): Promise<Result> {
    await this.opened;
    if (this.stopped) throw new TransportClosedError(this.service, 'handle a message');
    const handling = handle();
    this.underWay.add(handling);
    try {
      return await handling;
    } finally {
      this.underWay.delete(handling);
    }
  }

  /** Admits no more, and waits for what is at work, for `graceMs` at most. May be called again to wait longer. */
  async stop(graceMs: number): Promise<void> {
    this.stopped = true;
    this.release();
    await settledWithin(this.clock, graceMs, Promise.allSettled(this.underWay));
  }
}
