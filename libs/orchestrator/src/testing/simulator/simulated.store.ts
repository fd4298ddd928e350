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
} from '../../state/state.store.js';
import { type CancelTimer, Clock } from '../../utils/clock.js';
import type { PortCall } from './fault-plan.js';
import { RewindableStore } from './rewindable.store.js';
import type { Stage } from './stage.js';

/** Milliseconds: longer than any lease, shorter than any run may live. */
const BEYOND_ANY_LEASE = 60 * 60 * 1_000;

/** The time of the store, which may take a lease for ended while its holder lives. */
class StoreClock extends Clock {
  ahead = 0;

  constructor(private readonly clock: Clock) {
    super();
  }

  override now(): number {
    return this.clock.now() + this.ahead;
  }

  override monotonic(): number {
    return this.clock.monotonic();
  }

  override after(ms: number, fire: () => void): CancelTimer {
    return this.clock.after(ms, fire);
  }
}

/** Run records in memory, whose every call happens on a stage. */
export class SimulatedStateStore extends StateStore {
  override readonly keepsRecords: boolean;
  private readonly clock: StoreClock;
  private records: StateStore;

  /** @param make what keeps the records; called again when the store starts empty */
  constructor(
    private readonly stage: Stage,
    private readonly make: (clock: Clock) => StateStore = (clock) => new RewindableStore(clock),
  ) {
    super();
    this.clock = new StoreClock(stage.clock);
    this.records = make(this.clock);
    this.keepsRecords = this.records.keepsRecords;
  }

  restart(): void {
    this.records = this.make(this.clock);
  }

  /** @param writes so many of the newest are lost, where the records are such that can lose some */
  failOver(writes: number): void {
    if (this.records instanceof RewindableStore) this.records.rewind(writes);
  }

  override claim(hop: HopId, terms: ClaimTerms): Promise<Claim> {
    const { current: delivery } = this.stage.context;
    return this.call('claim', hop, '', [], async () => {
      if (delivery !== undefined) delivery.hop = hop;
      if (delivery?.waiting.takesOver) this.clock.ahead = BEYOND_ANY_LEASE;
      const claiming = this.records.claim(hop, terms);
      this.clock.ahead = 0;
      const claim = await claiming;
      if (!('holder' in claim)) return claim;
      if (delivery !== undefined) delivery.granted = true;
      // From now, by the time that everybody has.
      if (delivery?.waiting.takesOver) await this.records.extend(claim.holder, terms.leaseMs);
      return claim;
    });
  }

  override record(holder: Holder, outcomes: Journal, departure?: Departure): Promise<HoldAnswer> {
    const { current: delivery } = this.stage.context;
    const paths = Object.keys(outcomes);
    const why = departure === undefined ? '' : `, then ${departure.kind}`;
    return this.call('record', holder, `${paths.join(', ')}${why}`, paths, async () => {
      const answer = await this.records.record(holder, outcomes, departure);
      if (delivery !== undefined) this.stage.history.noteRecord(delivery, holder, outcomes, answer);
      return answer;
    });
  }

  override extend(holder: Holder, leaseMs: number, overdue?: boolean): Promise<HoldAnswer> {
    return this.call('extend', holder, String(leaseMs), [], () => this.records.extend(holder, leaseMs, overdue));
  }

  override arrive(holder: Holder, arrival: Arrival): Promise<ArrivalAnswer> {
    return this.call('arrive', holder, `${arrival.join}/${arrival.part}`, [], async () => {
      const answer = await this.records.arrive(holder, arrival);
      this.stage.history.noteJoin(holder, arrival, answer);
      return answer;
    });
  }

  override expects(line: ExpectedLine): Promise<boolean> {
    return this.call('expects', line, '', [], () => this.records.expects(line));
  }

  override end(holder: Holder, summary: RunSummary): Promise<HoldAnswer> {
    const { current: delivery } = this.stage.context;
    return this.call('end', holder, summary.status, [], async () => {
      const answer = await this.records.end(holder, summary);
      if (delivery !== undefined) this.stage.history.noteEnd(delivery, holder, answer);
      return answer;
    });
  }

  override cancel(workflowId: string): Promise<RunStatus> {
    return this.remembering(workflowId, () => this.records.cancel(workflowId));
  }

  override reopen(workflowId: string, epoch: number, expiresAt?: number): Promise<void> {
    return this.remembering(workflowId, () => this.records.reopen(workflowId, epoch, expiresAt));
  }

  override epoch(workflowId: string): Promise<number | undefined> {
    return this.records.epoch(workflowId);
  }

  override status(workflowId: string): Promise<RunStatus> {
    return this.records.status(workflowId);
  }

  override ended(workflowId: string, signal: AbortSignal): Promise<RunSummary> {
    return this.records.ended(workflowId, signal);
  }

  /** What a call writes can be lost. */
  private async remembering<T>(workflowId: string, act: () => Promise<T>): Promise<T> {
    const { records } = this;
    if (!(records instanceof RewindableStore)) return act();
    const before = records.versionOf(workflowId);
    const answered = await act();
    if (writes(answered)) records.remember(before);
    return answered;
  }

  private call<T>(
    port: PortCall,
    { workflowId, epoch, line, seq }: ExpectedLine,
    what: string,
    paths: readonly string[],
    act: () => Promise<T>,
  ): Promise<T> {
    return this.stage.call({
      port,
      paths,
      about: () => `${epoch}|${line}|${seq ?? '-'} ${what}`,
      act: async () => {
        const answered = await this.remembering(workflowId, act);
        this.stage.history.tell(() => `     ${port}: ${kindOf(answered)}`);
        return answered;
      },
    });
  }
}

const UNWRITTEN = new Set(['stale', 'ended', 'busy', 'fenced', 'over', 'true', 'false']);

/** Whether the call that was answered so has written something. */
const writes = (answer: unknown): boolean => !UNWRITTEN.has(kindOf(answer));

function kindOf(answer: unknown): string {
  const { kind } = Object(answer) as { readonly kind?: string };
  return kind ?? String(answer);
}
