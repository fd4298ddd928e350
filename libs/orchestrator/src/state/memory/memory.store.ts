import { randomUUID } from 'node:crypto';
import { changed } from '../../utils/changed.js';
import type { Clock } from '../../utils/clock.js';
import { summaryTexts } from '../summary.js';
import {
  type Claim,
  type Holder,
  type HopId,
  type Journal,
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
  journal: Journal;
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

/**
 * Run records of one process, shared by its services. A run's record lives while the run does, and after its end until
 * `keptRuns` others have ended.
 */
export class MemoryStateStore extends StateStore {
  private readonly runs = new Map<string, RunRecord>();
  private readonly endedRuns = new Set<string>();
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
    line.journal = changed(line.journal, outcomes);
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
    const seq = hop.seq ?? (line === undefined ? 1 : line.hopId === hop.hopId ? line.seq : line.seq + 1);
    const same = line?.seq === seq && line.hopId === hop.hopId;
    const { ending } = run;
    const endedHere = ending?.hop.line === hop.line && ending.hop.seq === seq && ending.hop.hopId === hop.hopId;
    if (line !== undefined && !same && seq <= line.seq) return { kind: 'stale' };
    if (ending !== undefined && !endedHere) return { kind: 'ended' };
    if (same && line.leasedUntil > this.clock.now()) return { kind: 'busy', until: line.leasedUntil };

    const holder: Holder = changed(hop, { seq, token: randomUUID() });
    const now = this.clock.now();
    const { journal, at: first } = same ? line : { journal: {}, at };
    run.lines.set(hop.line, {
      seq,
      hopId: hop.hopId,
      token: holder.token,
      leasedUntil: now + leaseMs,
      at: first,
      journal,
    });
    const grant = { holder, journal, at: first };
    return ending === undefined
      ? { kind: 'granted', ...grant }
      : { kind: 'ended-here', summary: parsed(ending.summary), ...grant };
  }

  private open({ workflowId, epoch }: HopId): RunRecord {
    const run: RunRecord = { epoch, lines: new Map() };
    this.runs.set(workflowId, run);
    this.endedRuns.delete(workflowId);
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
      line = { seq, hopId, token, leasedUntil: 0, at: this.clock.now(), journal: {} };
      run.lines.set(hop.line, line);
    }
    return line.seq === seq && line.hopId === hopId && line.token === token ? line : undefined;
  }

  private keep(workflowId: string): void {
    this.endedRuns.add(workflowId);
    for (const oldest of this.endedRuns) {
      if (this.endedRuns.size <= this.keptRuns) return;
      this.endedRuns.delete(oldest);
      this.runs.delete(oldest);
    }
  }
}

const parsed = (summary: string): RunSummary => JSON.parse(summary) as RunSummary;
