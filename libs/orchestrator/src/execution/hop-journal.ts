import type { Outcome } from '../engine/outcome.js';
import type { Run } from '../engine/run.js';
import type { Holder, Journal, RecordedOutcome, RunSummary, StateStore } from '../state/state.store.js';
import type { Failure } from '../errors/failure.js';
import type { Clock } from '../utils/clock.js';
import { Interrupted } from './interrupted.js';

/** Stands for the details of an error that made its message too large. */
const LEFT_OUT = 'left out: the message would be too large';

/**
 * What one hop knows of the outcomes of its tasks: those that are recorded, which a redelivery replays, and those that are
 * not yet. Recording is asked for at the moments `docs/lifecycle.md` names; a method throws `Interrupted` when another
 * holds the line, or the store could not be reached.
 */
export class HopJournal {
  private readonly known = new Map<string, RecordedOutcome>();
  private readonly pending = new Map<string, RecordedOutcome>();
  /** By the monotonic clock, milliseconds. */
  private leasedUntil: number;

  /**
   * @param recorded from the claim
   * @param carried executed by an earlier delivery of this message that could not record them; what is recorded wins
   */
  constructor(
    private readonly store: StateStore,
    readonly holder: Holder,
    recorded: Journal,
    carried: Journal,
    private readonly leaseMs: number,
    private readonly clock: Clock,
    /** Bytes of the message as it came, and of what was added since. */
    private bytes: number,
  ) {
    for (const [path, outcome] of Object.entries(carried)) this.note(path, outcome);
    for (const [path, outcome] of Object.entries(recorded)) {
      this.known.set(path, outcome);
      this.pending.delete(path);
    }
    this.leasedUntil = this.clock.monotonic() + leaseMs;
  }

  /** The outcome of the run's attempt at that task, if this hop or an earlier delivery of it has come to it. */
  replay(run: Run, path: string): Outcome | undefined {
    const known = this.known.get(path);
    if (known?.attempt !== run.attempt) return undefined;
    run.now = known.at;
    return known.outcome;
  }

  note(path: string, outcome: RecordedOutcome): void {
    this.known.set(path, outcome);
    this.pending.set(path, outcome);
  }

  /** Whether the message may still grow by so many bytes; if so, they count. */
  admit(bytes: number, limit: number): boolean {
    if (this.bytes + bytes > limit) return false;
    this.bytes += bytes;
    return true;
  }

  /**
   * What this hop has added cannot travel. Where the newest task failed, the details of its error are left out; else the newest
   * completed one fails with this instead. Both are recorded like any outcome. `false`: there is nothing to leave out.
   */
  refuseLast(failure: Failure): boolean {
    const outcomes = [...this.known];
    const [path, newest] = outcomes.at(-1) ?? [];
    if (path !== undefined && newest?.outcome.kind === 'failed' && newest.outcome.failure.details !== LEFT_OUT) {
      this.note(path, {
        ...newest,
        outcome: { kind: 'failed', failure: { ...newest.outcome.failure, details: LEFT_OUT } },
      });
      return true;
    }
    const last = outcomes.findLast(([, { outcome }]) => outcome.kind === 'completed');
    if (last === undefined) return false;
    this.note(last[0], { ...last[1], outcome: { kind: 'failed', failure } });
    return true;
  }

  /** What is not recorded yet. */
  get unrecorded(): Journal {
    return Object.fromEntries(this.pending);
  }

  /** Records what is not recorded yet. */
  async flush(): Promise<void> {
    if (this.pending.size === 0) return;
    const outcomes = this.unrecorded;
    await this.ask(() => this.store.record(this.holder, outcomes));
    for (const [path, outcome] of Object.entries(outcomes)) {
      if (this.pending.get(path) === outcome) this.pending.delete(path);
    }
  }

  /** Makes sure that the lease covers the next `ms` milliseconds: before a mutating step, its deadline. */
  async cover(ms: number): Promise<void> {
    if (this.clock.monotonic() + ms < this.leasedUntil) return;
    const leaseMs = Math.max(this.leaseMs, 2 * ms);
    const from = this.clock.monotonic();
    await this.ask(() => this.store.extend(this.holder, leaseMs));
    this.leasedUntil = from + leaseMs;
  }

  /** Lets another delivery of this message claim it at once: it has been put back. Best effort. */
  async release(): Promise<void> {
    await this.store.extend(this.holder, 0).catch(() => undefined);
  }

  async end(summary: RunSummary): Promise<void> {
    await this.ask(() => this.store.end(this.holder, summary));
  }

  private async ask(call: () => Promise<'ok' | 'fenced'>): Promise<void> {
    let answer: 'ok' | 'fenced';
    try {
      answer = await call();
    } catch (cause) {
      throw new Interrupted('unavailable', { cause });
    }
    if (answer === 'fenced') throw new Interrupted('fenced');
  }
}
