import type { HoldAnswer, Holder, StateStore } from '../state/state.store.js';
import type { CancelTimer, Clock } from '../utils/clock.js';

/** Milliseconds. */
export interface LeaseSettings {
  /** For which a grant keeps other deliveries of the same message out. */
  readonly lease: number;
  /** Between two renewals while the hop is at work: also how late it hears that its run is to be cancelled. */
  readonly heartbeat: number;
}

/** Of a lease that is upheld for an overdue handler: short, for the line's next message waits for its end. */
const UPHELD: LeaseSettings = { lease: 3_000, heartbeat: 1_000 };

/** The lease of one hop's line: renewed by a heartbeat while the hop is at work, and while a handler of it is overdue. */
export class Lease {
  /** By the monotonic clock: until when the store keeps others out, as far as it has said. */
  private until: number;
  private overdue = 0;
  private atWork = false;
  /** Another holds the line. */
  private lost = false;
  private stopBeat: CancelTimer = () => undefined;

  /** @param heard told every answer of the store */
  constructor(
    private readonly store: StateStore,
    private readonly holder: Holder,
    private readonly settings: LeaseSettings,
    private readonly clock: Clock,
    private readonly heard: (answer: HoldAnswer) => void,
  ) {
    this.until = clock.monotonic() + settings.lease;
  }

  begin(): void {
    this.atWork = true;
    this.beat();
  }

  /** Renews the lease if it does not cover the next `ms` milliseconds; no heartbeat makes it shorter then. */
  async cover(ms: number): Promise<void> {
    if (this.clock.monotonic() + ms >= this.until) await this.renew(Math.max(this.settings.lease, 2 * ms));
  }

  /**
   * A handler is past its deadline: until it has settled the line's next message is kept out too.
   * @param settled must not reject
   */
  async uphold(settled: Promise<void>): Promise<void> {
    this.overdue += 1;
    void settled.then(() => {
      this.overdue -= 1;
      if (this.overdue > 0) return;
      if (!this.atWork) void this.give();
      else void this.renew(this.needed).catch(() => undefined); // it keeps the next message out no longer
    });
    if (!this.lost) this.beat(); // also if the store cannot be reached now
    await this.renew(this.needed);
  }

  /** The hop is done. What it leaves overdue is upheld further. */
  end(): void {
    this.atWork = false;
    if (this.overdue === 0) this.stopBeat();
    else void this.renew(this.needed).catch(() => undefined); // the next message need not wait for what covered this hop
  }

  /** Lets another delivery of this message claim it at once: it has been put back. Best effort. */
  async release(): Promise<void> {
    if (this.overdue === 0) await this.give();
  }

  private async give(): Promise<void> {
    this.stopBeat();
    if (this.lost) return;
    await this.store.extend(this.holder, 0).catch(() => undefined);
  }

  private beat(): void {
    this.stopBeat();
    const { heartbeat } = this.overdue > 0 ? UPHELD : this.settings;
    this.stopBeat = this.clock.after(heartbeat, () => {
      void this.renew(this.needed)
        .catch(() => undefined) // the next one may reach the store; a mutating step asks again before it starts
        .finally(() => {
          if (!this.lost && (this.atWork || this.overdue > 0)) this.beat();
        });
    });
  }

  /** Milliseconds from now: what covers a step at work stays; for an overdue handler alone a short while at a time. */
  private get needed(): number {
    if (!this.atWork && this.overdue > 0) return UPHELD.lease;
    return Math.max(this.settings.lease, this.until - this.clock.monotonic());
  }

  private async renew(ms: number): Promise<void> {
    if (this.lost) return; // a store that has started empty since would take this hop for the line's holder
    const from = this.clock.monotonic();
    const answer = await this.store.extend(this.holder, ms, this.overdue > 0);
    this.lost ||= answer === 'fenced';
    this.heard(answer);
    this.until = from + ms;
  }
}
