import type { Outcome } from '../engine/outcome.js';
import type { Run } from '../engine/run.js';
import type { Failure } from '../errors/failure.js';
import { MessageTooLargeError } from '../errors/message-too-large.error.js';
import type {
  Arrival,
  ArrivalAnswer,
  Departure,
  Grant,
  HoldAnswer,
  Holder,
  Journal,
  RecordedOutcome,
  RunSummary,
  StateStore,
} from '../state/state.store.js';
import type { Clock } from '../utils/clock.js';
import { Interrupted } from './interrupted.js';
import { Lease, type LeaseSettings } from './lease.js';

/** Stands for the details of an error that made its message too large. */
export const LEFT_OUT = 'left out: the message would be too large';

/**
 * What one hop knows of the outcomes of its tasks: those that are recorded, which a redelivery replays, and those that are
 * not yet. Recording is asked for at the moments `docs/lifecycle.md` names; a method throws `Interrupted` when another
 * holds the line, the run is to be cancelled, or the store could not be reached.
 */
export class HopJournal {
  readonly holder: Holder;
  readonly lease: Lease;
  private readonly known = new Map<string, RecordedOutcome>();
  private readonly pending = new Map<string, RecordedOutcome>();
  private readonly seen = new Set<string>();
  private readonly owing = new Set<string>();
  private readonly cancelListeners = new Set<() => void>();
  private isCancelled = false;
  private fenced = false;
  private heeds = true;

  /**
   * @param carried executed by an earlier hop that could not record them here; what is recorded wins
   * @param bytes of the message as it came
   */
  constructor(
    private readonly store: StateStore,
    { holder, journal }: Grant,
    carried: Journal,
    settings: LeaseSettings,
    clock: Clock,
    private bytes: number,
  ) {
    this.holder = holder;
    this.lease = new Lease(store, holder, settings, clock, (answer) => {
      this.hear(answer);
    });
    for (const [path, outcome] of Object.entries(carried)) this.add(path, outcome);
    for (const [path, outcome] of Object.entries(journal)) {
      this.known.set(path, outcome);
      this.pending.delete(path);
    }
  }

  /** The outcome of the run's attempt at that task, if this hop or an earlier delivery of it has come to it. */
  replay(run: Run, path: string): Outcome | undefined {
    const known = this.known.get(path);
    if (known?.attempt !== run.attempt) return undefined;
    run.now = known.at;
    return known.outcome;
  }

  /** What an outcome that this hop has not come to itself may have changed, once: it is purged again. */
  toPurgeAgain(path: string): readonly string[] {
    if (this.seen.has(path)) return [];
    this.seen.add(path);
    return this.known.get(path)?.tags ?? [];
  }

  /** This hop has come to an outcome. */
  note(path: string, outcome: RecordedOutcome): void {
    this.seen.add(path);
    this.add(path, outcome);
  }

  /** What could not be purged: until it is, nothing of this hop may leave it. */
  owe(tags: readonly string[]): void {
    for (const tag of tags) this.owing.add(tag);
  }

  /** It is purged. */
  pay(): void {
    this.owing.clear();
  }

  get owed(): readonly string[] {
    return [...this.owing];
  }

  private add(path: string, outcome: RecordedOutcome): void {
    this.known.set(path, outcome);
    this.pending.set(path, outcome);
  }

  /** The message grows by so many bytes. @throws MessageTooLargeError when it would have more than that in all */
  admit(bytes: number, limit: number): void {
    const grown = this.bytes + bytes;
    if (grown > limit) throw new MessageTooLargeError(grown, 'messageBytes', limit);
    this.bytes = grown;
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

  /** What is known of the tasks within a step, for a message that takes them along. */
  within(path: string): Journal {
    return Object.fromEntries(
      [...this.known].filter(([key]) => key.startsWith(`${path}.`) || key.startsWith(`${path}[`)),
    );
  }

  /** The run is to be cancelled. */
  get cancelled(): boolean {
    return this.isCancelled;
  }

  /** Calls `stop` if it becomes known that the run is to be cancelled, or is another's. The answer takes that back. */
  onCancel(stop: () => void): () => void {
    this.cancelListeners.add(stop);
    return () => this.cancelListeners.delete(stop);
  }

  /** @throws Interrupted once it is known that the run is another's, or is to be cancelled and the hop heeds that */
  check(): void {
    if (this.fenced) throw new Interrupted('fenced');
    if (this.isCancelled && this.heeds) throw new Interrupted('cancelled');
  }

  /** The hop ends the run because it is to be cancelled: it need not hear of that again. */
  endAsCancelled(): void {
    this.isCancelled = true;
    this.heeds = false;
  }

  /** Records what is not recorded yet, and how the hop leaves the run: one that has left a fork heeds no cancellation any more. */
  async flush(departure?: Departure): Promise<void> {
    if (departure?.kind === 'fork') {
      this.check();
      this.heeds = false;
    }
    if (this.pending.size > 0 || departure !== undefined) {
      const outcomes = this.unrecorded;
      const answer = await this.reach(() => this.store.record(this.holder, outcomes, departure));
      this.hear(answer);
      if (answer === 'fenced') throw new Interrupted('fenced');
      if (this.store.keepsRecords) this.settle(outcomes); // else a message that is put back must carry them
    }
    this.check();
  }

  /** Before a mutating step: its deadline, in so many milliseconds, is covered by the lease. */
  async cover(ms: number): Promise<void> {
    await this.reach(() => this.lease.cover(ms));
    this.check();
  }

  /** A part has come to its end. */
  async arrive(arrival: Arrival): Promise<ArrivalAnswer> {
    const answer = await this.reach(() => this.store.arrive(this.holder, arrival));
    if (answer.kind === 'fenced') throw new Interrupted('fenced');
    return answer;
  }

  async end(summary: RunSummary): Promise<void> {
    this.hear(await this.reach(() => this.store.end(this.holder, summary)));
    this.check();
  }

  /** These are recorded; what was noted meanwhile is not. */
  private settle(outcomes: Journal): void {
    for (const [path, outcome] of Object.entries(outcomes)) {
      if (this.pending.get(path) === outcome) this.pending.delete(path);
    }
  }

  private hear(answer: HoldAnswer): void {
    if (answer === 'ok') return;
    if (answer === 'fenced') this.fenced = true;
    else this.isCancelled = true;
    for (const stop of this.cancelListeners) stop();
    this.cancelListeners.clear();
  }

  /** A fenced hop touches nothing any more: a store that has started empty would take it for the line's holder. */
  private async reach<T>(call: () => Promise<T>): Promise<T> {
    if (this.fenced) throw new Interrupted('fenced');
    try {
      return await call();
    } catch (cause) {
      throw new Interrupted('unavailable', { cause });
    }
  }
}
