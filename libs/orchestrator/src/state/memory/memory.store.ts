import { randomUUID } from 'node:crypto';
import { changed } from '../../utils/changed.js';
import type { Clock } from '../../utils/clock.js';
import { summaryTexts } from '../summary.js';
import {
  type Claim,
  type Holder,
  type HopId,
  type Journal,
  type RecordedOutcome,
  type RunStatus,
  type RunSummary,
  StateStore,
} from '../state.store.js';

interface Line {
  seq: number;
  hopId: string;
  token: string;
  /** Milliseconds since the epoch. */
  leasedUntil: number;
  /** When the message was first granted. */
  readonly at: number;
  journal: Record<string, RecordedOutcome>;
  /** Messages of the original that this line has seen, and the place each was given: they carry none. */
  readonly placed: Map<string, number>;
}

interface Ending {
  readonly hop: Pick<Holder, 'line' | 'seq' | 'hopId'>;
  /** JSON: whoever is given it may change it. */
  readonly summary: string;
}

interface RunRecord {
  readonly epoch: number;
  readonly lines: Map<string, Line>;
  ending?: Ending;
}

/** How many ended runs are kept, unless the module says otherwise. */
export const KEPT_RUNS = 10_000;
/** Of how many of them the last message can still be replayed: more than are ever in flight at once. */
const KEPT_JOURNALS = 256;

/**
 * Run records of one process, shared by its services. A run's record lives while the run does, and after its end until
 * `keptRuns` others have ended.
 */
export class MemoryStateStore extends StateStore {
  private readonly runs = new Map<string, RunRecord>();
  private readonly endedRuns = new Set<string>();
  /** Ended runs whose last message may come again, to tell their end once more. */
  private readonly tellingAgain = new Set<string>();
  private readonly waiting = new Map<string, Set<(summary: RunSummary) => void>>();

  constructor(
    private readonly clock: Clock,
    private readonly keptRuns = KEPT_RUNS,
  ) {
    super();
  }

  override claim(hop: HopId, leaseMs: number, now: number): Promise<Claim> {
    return Promise.resolve(this.claimNow(hop, leaseMs, now));
  }

  override record(holder: Holder, outcomes: Journal): Promise<'ok' | 'fenced'> {
    const line = this.held(holder);
    if (line === undefined) return Promise.resolve('fenced');
    Object.assign(line.journal, outcomes);
    return Promise.resolve('ok');
  }

  override extend(holder: Holder, leaseMs: number): Promise<'ok' | 'fenced'> {
    const line = this.held(holder);
    if (line === undefined) return Promise.resolve('fenced');
    line.leasedUntil = this.clock.now() + leaseMs;
    return Promise.resolve('ok');
  }

  override end(holder: Holder, summary: RunSummary): Promise<'ok' | 'fenced'> {
    const line = this.held(holder);
    const run = this.runs.get(holder.workflowId);
    if (line === undefined || run === undefined) return Promise.resolve('fenced');
    if (run.ending === undefined) {
      const { line: name, seq, hopId } = holder;
      const { whole, kept } = summaryTexts(summary);
      run.ending = { hop: { line: name, seq, hopId }, summary: kept };
      run.lines.clear();
      run.lines.set(name, line);
      this.keep(holder.workflowId);
      for (const tell of this.waiting.get(holder.workflowId) ?? []) tell(parsed(whole));
      this.waiting.delete(holder.workflowId);
    }
    return Promise.resolve('ok');
  }

  override status(workflowId: string): Promise<RunStatus> {
    const run = this.runs.get(workflowId);
    if (run === undefined) return Promise.resolve({ status: 'unknown' });
    return Promise.resolve(run.ending === undefined ? { status: 'running' } : parsed(run.ending.summary));
  }

  override ended(workflowId: string, signal: AbortSignal): Promise<RunSummary> {
    return new Promise((resolve, reject) => {
      signal.throwIfAborted();
      const ending = this.runs.get(workflowId)?.ending;
      if (ending !== undefined) {
        resolve(parsed(ending.summary));
        return;
      }
      const waiting = this.waiting.get(workflowId) ?? new Set();
      this.waiting.set(workflowId, waiting);
      const giveUp = (): void => {
        waiting.delete(tell);
        if (waiting.size === 0) this.waiting.delete(workflowId);
        reject(signal.reason as Error);
      };
      const tell = (summary: RunSummary): void => {
        signal.removeEventListener('abort', giveUp);
        resolve(summary);
      };
      waiting.add(tell);
      signal.addEventListener('abort', giveUp, { once: true });
    });
  }

  private claimNow(hop: HopId, leaseMs: number, at: number): Claim {
    const known = this.runs.get(hop.workflowId);
    if (known !== undefined && hop.epoch < known.epoch) return { kind: 'stale' };
    const run = known?.epoch === hop.epoch ? known : this.open(hop);

    const line = run.lines.get(hop.line);
    const placed = line?.placed ?? new Map<string, number>();
    const seq = hop.seq ?? placed.get(hop.hopId) ?? (line?.seq ?? 0) + 1;
    const same = line?.seq === seq && line.hopId === hop.hopId;
    const { ending } = run;
    const endedHere =
      line !== undefined && ending?.hop.line === hop.line && ending.hop.seq === seq && ending.hop.hopId === hop.hopId;
    if (line !== undefined && !same && seq <= line.seq) return { kind: 'stale' };
    if (ending !== undefined && !endedHere) return { kind: 'ended' };
    if (same && line.leasedUntil > this.clock.now()) return { kind: 'busy', until: line.leasedUntil };

    const holder: Holder = changed(hop, { seq, token: randomUUID() });
    if (hop.seq === undefined) placed.set(hop.hopId, seq);
    const { journal, at: first } = same ? line : { journal: {}, at };
    const leasedUntil = this.clock.now() + leaseMs;
    run.lines.set(hop.line, { seq, hopId: hop.hopId, token: holder.token, leasedUntil, at: first, journal, placed });
    const grant = { holder, journal: { ...journal }, at: first };
    return ending === undefined
      ? { kind: 'granted', ...grant }
      : { kind: 'ended-here', summary: parsed(ending.summary), ...grant };
  }

  private open({ workflowId, epoch }: HopId): RunRecord {
    const run: RunRecord = { epoch, lines: new Map() };
    this.runs.set(workflowId, run);
    this.endedRuns.delete(workflowId);
    this.tellingAgain.delete(workflowId);
    return run;
  }

  /** The holder's line; `undefined`: fenced. A line that is absent (this store started empty meanwhile) is made again. */
  private held({ token, ...hop }: Holder): Line | undefined {
    const known = this.runs.get(hop.workflowId);
    if (known !== undefined && hop.epoch < known.epoch) return undefined;
    const run = known?.epoch === hop.epoch ? known : this.open(hop);
    const { seq, hopId } = hop;
    const ending = run.ending?.hop;
    if (ending !== undefined && !(ending.line === hop.line && ending.seq === seq && ending.hopId === hopId))
      return undefined;
    let line = run.lines.get(hop.line);
    if (line === undefined) {
      line = { seq, hopId, token, leasedUntil: 0, at: this.clock.now(), journal: {}, placed: new Map() };
      run.lines.set(hop.line, line);
    }
    return line.seq === seq && line.hopId === hopId && line.token === token ? line : undefined;
  }

  /** Forgets what is too old to be asked for: of the oldest ended run everything, of younger ones the journal. */
  private keep(workflowId: string): void {
    this.endedRuns.add(workflowId);
    this.tellingAgain.add(workflowId);
    const old = oldest(this.endedRuns, this.keptRuns);
    if (old !== undefined) this.runs.delete(old);
    const told = oldest(this.tellingAgain, KEPT_JOURNALS);
    if (told !== undefined) this.runs.get(told)?.lines.clear();
  }
}

/** Takes the oldest out of a set that has become too large. */
function oldest(ids: Set<string>, size: number): string | undefined {
  if (ids.size <= size) return undefined;
  const [first] = ids;
  if (first !== undefined) ids.delete(first);
  return first;
}

const parsed = (summary: string): RunSummary => JSON.parse(summary) as RunSummary;
