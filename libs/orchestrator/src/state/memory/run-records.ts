import type { Clock } from '../../utils/clock.js';
import { RunRecord } from './run-record.js';

/** How many ended runs are kept, unless the module says otherwise. */
export const KEPT_RUNS = 10_000;
/** Of how many of them the last message can still be replayed: more than are ever in flight at once. */
const KEPT_JOURNALS = 256;
/** Milliseconds for which a run is kept beyond the moment at which it must have ended. */
const KEPT_BEYOND = 24 * 60 * 60 * 1_000;

/**
 * The records by run, and what becomes of old ones: of the oldest ended run nothing is kept, of younger ones the summary; a
 * run that should have ended a day ago and of which nothing was heard is forgotten.
 */
export class RunRecords {
  private readonly records = new Map<string, RunRecord>();
  private readonly unended = new Set<string>();
  /** Runs that nobody works on: ended, or not begun. */
  private readonly kept = new Set<string>();
  /** Ended runs whose last message may come again, to tell their end once more. */
  private readonly tellingAgain = new Set<string>();

  constructor(
    private readonly clock: Clock,
    private readonly keptRuns = KEPT_RUNS,
  ) {}

  get(workflowId: string): RunRecord | undefined {
    return this.records.get(workflowId);
  }

  /** A run begins, or begins anew in a higher epoch. What was asked of it before anybody had claimed it still counts. */
  open(workflowId: string, epoch: number, expiresAt = Number.POSITIVE_INFINITY): RunRecord {
    const before = this.records.get(workflowId);
    const run = new RunRecord(epoch, expiresAt + KEPT_BEYOND);
    run.cancelled = before?.epoch === UNCLAIMED && before.cancelled;
    this.kept.delete(workflowId);
    this.tellingAgain.delete(workflowId);
    return this.add(workflowId, run);
  }

  /** A run that nobody has claimed yet. */
  expect(workflowId: string): RunRecord {
    this.keep(workflowId); // so that neither many of them fill the process
    return this.add(workflowId, new RunRecord(UNCLAIMED, this.clock.now() + KEPT_BEYOND));
  }

  ended(workflowId: string): void {
    this.unended.delete(workflowId);
    this.tellingAgain.add(workflowId);
    this.keep(workflowId);
    const told = oldest(this.tellingAgain, KEPT_JOURNALS);
    if (told !== undefined) this.records.get(told)?.close();
  }

  private keep(workflowId: string): void {
    this.kept.add(workflowId);
    const old = oldest(this.kept, this.keptRuns);
    if (old === undefined) return;
    this.records.delete(old);
    this.unended.delete(old);
  }

  private add(workflowId: string, run: RunRecord): RunRecord {
    this.records.set(workflowId, run);
    this.unended.add(workflowId);
    const [first] = this.unended;
    if (first === undefined) return run;
    this.unended.delete(first);
    if ((this.records.get(first)?.keptUntil ?? 0) < this.clock.now()) this.records.delete(first);
    else this.unended.add(first); // to the end: one that is kept for long hides none behind it
    return run;
  }
}

/** The epoch of a run that nobody has claimed. */
const UNCLAIMED = -1;

/** Takes the oldest out of a set that has become too large. */
function oldest(ids: Set<string>, size: number): string | undefined {
  if (ids.size <= size) return undefined;
  const [first] = ids;
  if (first !== undefined) ids.delete(first);
  return first;
}
