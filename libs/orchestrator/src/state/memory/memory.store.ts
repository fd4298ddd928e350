import { randomUUID } from 'node:crypto';
import { setImmediate } from 'node:timers'; // not the global: an app's test may fake that
import { changed } from '../../utils/changed.js';
import type { Clock } from '../../utils/clock.js';
import { EndWaiters } from '../end-waiters.js';
import { summaryOf, summaryTexts } from '../summary.js';
import {
  type Arrival,
  type ArrivalAnswer,
  type Claim,
  type ClaimTerms,
  type Departure,
  type ExpectedLine,
  type HoldAnswer,
  type Holder,
  type HopId,
  type Journal,
  type RunStatus,
  type RunSummary,
  StateStore,
} from '../state.store.js';
import type { RunRecord } from './run-record.js';
import { fitsEnding, type Line, newLine } from './run-record.js';
import { RunRecords } from './run-records.js';

/**
 * Run records of one process, shared by its services. A run's record lives while the run does, and after its end until
 * `keptRuns` others have ended.
 */
export class MemoryStateStore extends StateStore {
  private readonly runs: RunRecords;
  private readonly waiting = new EndWaiters();

  constructor(
    private readonly clock: Clock,
    keptRuns?: number,
  ) {
    super();
    this.runs = new RunRecords(clock, keptRuns);
  }

  override claim(hop: HopId, terms: ClaimTerms): Promise<Claim> {
    return Promise.resolve(this.claimNow(hop, terms));
  }

  override record(holder: Holder, outcomes: Journal, departure?: Departure): Promise<HoldAnswer> {
    const { run, line } = this.held(holder);
    if (line === undefined) return Promise.resolve('fenced');
    Object.assign(line.journal, outcomes);
    const cancelled = run.cancelled && run.ending === undefined;
    if (departure?.kind === 'fork') {
      line.departure = departure.kind;
      for (const each of departure.lines) run.expect(each);
      return Promise.resolve('ok');
    }
    if (!cancelled && departure !== undefined) line.departure = departure.kind;
    return Promise.resolve(cancelled ? 'cancelled' : 'ok');
  }

  override extend(holder: Holder, leaseMs: number, overdue = false): Promise<HoldAnswer> {
    const { run, line } = this.held(holder);
    if (line === undefined) return Promise.resolve('fenced');
    line.leasedUntil = this.clock.now() + leaseMs;
    line.overdue = overdue;
    return Promise.resolve(run.cancelled && run.ending === undefined ? 'cancelled' : 'ok');
  }

  override arrive(holder: Holder, { join, part, of, result, fork }: Arrival): Promise<ArrivalAnswer> {
    const { run, line } = this.held(holder);
    if (line === undefined) return Promise.resolve({ kind: 'fenced' });
    if ((run.lines.get(fork.line)?.seq ?? -1) > fork.seq) return Promise.resolve({ kind: 'over' });
    const arrived = run.join(join);
    if (!arrived.has(part)) arrived.set(part, JSON.stringify(result)); // whoever is given it may change it
    if (!of.every((name) => arrived.has(name))) return Promise.resolve({ kind: 'waiting' });
    const results = of.map((name) => [name, JSON.parse(arrived.get(name) ?? 'null') as unknown] as const);
    return Promise.resolve({ kind: 'all', results: Object.fromEntries(results) });
  }

  override expects({ workflowId, epoch, line, seq = Number.POSITIVE_INFINITY }: ExpectedLine): Promise<boolean> {
    const run = this.runs.get(workflowId);
    const known = run?.epoch === epoch ? run.lines.get(line) : undefined;
    return Promise.resolve(known !== undefined && known.seq < seq);
  }

  override end(holder: Holder, summary: RunSummary): Promise<HoldAnswer> {
    const { run, line } = this.held(holder);
    if (line === undefined) return Promise.resolve('fenced');
    if (run.ending !== undefined) return Promise.resolve('ok');
    if (run.cancelled && summary.status !== 'cancelled') return Promise.resolve('cancelled');
    const { whole, kept } = summaryTexts(summary);
    run.end(holder, line, kept);
    this.runs.ended(holder.workflowId);
    const tell = (): void => {
      this.waiting.tell(holder.workflowId, () => summaryOf(whole));
    };
    // The hop publishes the terminal next: whoever hears of a failure is to find it among the failed runs.
    if (summary.status === 'completed') tell();
    else setImmediate(tell);
    return Promise.resolve('ok');
  }

  override cancel(workflowId: string): Promise<RunStatus> {
    const run = this.runs.get(workflowId) ?? this.runs.expect(workflowId);
    if (run.ending === undefined) run.cancelled = true;
    return this.status(workflowId);
  }

  override reopen(workflowId: string, epoch: number, expiresAt?: number): Promise<void> {
    if ((this.runs.get(workflowId)?.epoch ?? -1) < epoch) this.runs.open(workflowId, epoch, expiresAt).expect('');
    return Promise.resolve();
  }

  override status(workflowId: string): Promise<RunStatus> {
    const run = this.runs.get(workflowId);
    if (run === undefined) return Promise.resolve({ status: 'unknown' });
    if (run.ending !== undefined) return Promise.resolve(summaryOf(run.ending.summary));
    if (run.cancelled) return Promise.resolve({ status: 'cancelling' });
    const main = run.lines.get('');
    if (main === undefined) return Promise.resolve({ status: 'unknown' });
    return Promise.resolve({ status: main.departure === 'hand_over' ? 'delivery_requested' : 'running' });
  }

  override epoch(workflowId: string): Promise<number | undefined> {
    const { epoch = -1 } = this.runs.get(workflowId) ?? {};
    return Promise.resolve(epoch < 0 ? undefined : epoch);
  }

  override ended(workflowId: string, signal: AbortSignal): Promise<RunSummary> {
    const ending = this.runs.get(workflowId)?.ending;
    return this.waiting.wait(workflowId, signal, ending && summaryOf(ending.summary));
  }

  private claimNow(hop: HopId, { leaseMs, now: at, expiresAt }: ClaimTerms): Claim {
    const known = this.runs.get(hop.workflowId);
    if (known !== undefined && hop.epoch < known.epoch) return { kind: 'stale' };
    const run = known?.epoch === hop.epoch ? known : this.runs.open(hop.workflowId, hop.epoch, expiresAt);

    const line = run.lines.get(hop.line);
    const placed = line?.placed ?? new Map<string, number>();
    const seq = hop.seq ?? placed.get(hop.hopId) ?? Math.max(line?.seq ?? 0, 0) + 1;
    const same = line?.seq === seq && line.hopId === hop.hopId;
    const { ending } = run;
    if (line !== undefined && !same && seq <= line.seq) return { kind: 'stale' };
    if (ending !== undefined && (run.closed || !fitsEnding(ending, { ...hop, seq }))) return { kind: 'ended' };
    if (line !== undefined && (same || line.overdue) && line.leasedUntil > this.clock.now())
      return { kind: 'busy', forMs: line.leasedUntil - this.clock.now() };

    const holder: Holder = changed(hop, { seq, token: newToken() });
    if (hop.seq === undefined) placed.set(hop.hopId, seq);
    const leasedUntil = this.clock.now() + leaseMs;
    const taken: Line = { ...(same ? line : newLine(at)), seq, hopId: hop.hopId, token: holder.token, leasedUntil, placed, overdue: false }; // prettier-ignore
    run.lines.set(hop.line, taken);
    const grant = { holder, journal: { ...taken.journal }, at: taken.at, left: taken.departure === 'fork' };
    if (ending !== undefined) return { kind: 'ended-here', summary: summaryOf(ending.summary), ...grant };
    return { kind: run.cancelled ? 'cancelled' : 'granted', ...grant };
  }

  /**
   * The holder's run and line; without a line: fenced. What is absent, as this store started empty meanwhile, or older than the
   * holder, as it has lost its newest writes, is made again.
   */
  private held({ workflowId, epoch, token, ...hop }: Holder): { readonly run: RunRecord; readonly line?: Line } {
    const known = this.runs.get(workflowId);
    if (known !== undefined && epoch < known.epoch) return { run: known };
    const run = known?.epoch === epoch ? known : this.runs.open(workflowId, epoch);
    if (run.ending !== undefined && !fitsEnding(run.ending, hop)) return { run };
    let line = run.lines.get(hop.line);
    if (line === undefined || line.seq < hop.seq) {
      const placed = line?.placed ?? new Map<string, number>();
      line = { ...newLine(this.clock.now()), seq: hop.seq, hopId: hop.hopId, token, placed };
      run.lines.set(hop.line, line);
    }
    if (line.seq !== hop.seq || line.hopId !== hop.hopId) return { run };
    if (grantOf(line.token) < grantOf(token)) line.token = token;
    return line.token === token ? { run, line } : { run };
  }
}

/** Of all stores of this process: a holder is told from who was granted the same by one that started empty since. */
let grants = 0;
const newToken = (): string => `${(grants += 1)}.${randomUUID()}`;
const grantOf = (token: string): number => Number.parseInt(token, 10);
