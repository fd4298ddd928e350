import { randomUUID } from 'node:crypto';
import { changed } from '../../utils/changed.js';
import { EndWaiters } from '../end-waiters.js';
import {
  type ArrivalAnswer,
  type Claim,
  type ClaimTerms,
  type HoldAnswer,
  type HopId,
  type RunStatus,
  type RunSummary,
  StateStore,
} from '../state.store.js';

const KEPT = 1_000;

/**
 * `state: false`: nothing is kept of a run. Every delivery of a message is granted, so a message that comes twice executes
 * twice, and may split its run. What a run came to is known to its starter alone, who is told so.
 */
export class UnrecordedStore extends StateStore {
  override readonly keepsRecords = false;
  /** What the newest runs came to, for whoever asks after they were told. */
  private readonly told = new Map<string, RunSummary>();
  private readonly waiting = new EndWaiters();

  override claim(hop: HopId, { now: at }: ClaimTerms): Promise<Claim> {
    const holder = changed(hop, { seq: hop.seq ?? 1, token: randomUUID() });
    return Promise.resolve({ kind: 'granted', holder, journal: {}, at, left: false });
  }

  override record(): Promise<HoldAnswer> {
    return Promise.resolve('ok');
  }

  override extend(): Promise<HoldAnswer> {
    return Promise.resolve('ok');
  }

  override end(): Promise<HoldAnswer> {
    return Promise.resolve('ok');
  }

  /** Never asked: without records a fork's parts do not leave their message. */
  override arrive(): Promise<ArrivalAnswer> {
    return Promise.reject(new TypeError('Without run records no part can arrive.'));
  }

  override expects(): Promise<boolean> {
    return Promise.resolve(true);
  }

  override cancel(): Promise<RunStatus> {
    return Promise.resolve({ status: 'unknown' });
  }

  override reopen(workflowId: string): Promise<void> {
    this.told.delete(workflowId);
    return Promise.resolve();
  }

  override status(workflowId: string): Promise<RunStatus> {
    return Promise.resolve(this.told.get(workflowId) ?? { status: 'unknown' });
  }

  override epoch(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  override ended(workflowId: string, signal: AbortSignal): Promise<RunSummary> {
    return this.waiting.wait(workflowId, signal, this.told.get(workflowId));
  }

  /** A run has ended, as its starter was told. */
  tell(workflowId: string, summary: RunSummary): void {
    this.told.set(workflowId, summary);
    const [oldest] = this.told.keys();
    if (oldest !== undefined && this.told.size > KEPT) this.told.delete(oldest);
    this.waiting.tell(workflowId, () => structuredClone(summary));
  }
}
