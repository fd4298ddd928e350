import type { Clock } from '../utils/clock.js';
import { withDeadline } from '../utils/deadline.js';
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
} from './state.store.js';

/**
 * A store whose answers are waited for so long and no longer: one that hangs counts as one that could not be reached, so that
 * hops put their messages back instead of holding them. What it does after that is as with any lost answer.
 */
export class TimedStore extends StateStore {
  override readonly keepsRecords: boolean;

  /** @param ms for each call but `ended`, which waits as long as its caller */
  constructor(
    private readonly store: StateStore,
    private readonly clock: Clock,
    private readonly ms: number,
  ) {
    super();
    this.keepsRecords = store.keepsRecords;
  }

  override claim(hop: HopId, terms: ClaimTerms): Promise<Claim> {
    return this.within('claim', this.store.claim(hop, terms));
  }

  override record(holder: Holder, outcomes: Journal, departure?: Departure): Promise<HoldAnswer> {
    return this.within('record', this.store.record(holder, outcomes, departure));
  }

  override extend(holder: Holder, leaseMs: number, overdue?: boolean): Promise<HoldAnswer> {
    return this.within('extend', this.store.extend(holder, leaseMs, overdue));
  }

  override arrive(holder: Holder, arrival: Arrival): Promise<ArrivalAnswer> {
    return this.within('arrive', this.store.arrive(holder, arrival));
  }

  override expects(line: ExpectedLine): Promise<boolean> {
    return this.within('expects', this.store.expects(line));
  }

  override end(holder: Holder, summary: RunSummary): Promise<HoldAnswer> {
    return this.within('end', this.store.end(holder, summary));
  }

  override cancel(workflowId: string): Promise<RunStatus> {
    return this.within('cancel', this.store.cancel(workflowId));
  }

  override reopen(workflowId: string, epoch: number, expiresAt?: number): Promise<void> {
    return this.within('reopen', this.store.reopen(workflowId, epoch, expiresAt));
  }

  override status(workflowId: string): Promise<RunStatus> {
    return this.within('status', this.store.status(workflowId));
  }

  override epoch(workflowId: string): Promise<number | undefined> {
    return this.within('epoch', this.store.epoch(workflowId));
  }

  override ended(workflowId: string, signal: AbortSignal): Promise<RunSummary> {
    return this.store.ended(workflowId, signal);
  }

  override listening(workflowId: string): Promise<void> {
    return this.store.listening(workflowId);
  }

  override close(): Promise<void> {
    return this.store.close();
  }

  private within<T>(call: string, answer: Promise<T>): Promise<T> {
    return withDeadline(this.clock, this.ms, answer, () => new Error(`no answer to ${call} within ${this.ms} ms`));
  }
}
