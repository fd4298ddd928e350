import { randomUUID } from 'node:crypto';
import { changed } from '../../utils/changed.js';
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
  private readonly waiting = new Map<string, Set<(summary: RunSummary) => void>>();

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

  override inspect(): Promise<'over'> {
    return Promise.resolve('over');
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
    return new Promise((resolve, reject) => {
      signal.throwIfAborted();
      const told = this.told.get(workflowId);
      if (told !== undefined) {
        resolve(told);
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

  /** A run has ended, as its starter was told. */
  tell(workflowId: string, summary: RunSummary): void {
    this.told.set(workflowId, summary);
    const [oldest] = this.told.keys();
    if (oldest !== undefined && this.told.size > KEPT) this.told.delete(oldest);
    for (const resolve of this.waiting.get(workflowId) ?? []) resolve(summary);
    this.waiting.delete(workflowId);
  }
}
