import type {
  ArrivalAnswer,
  Claim,
  ClaimTerms,
  HoldAnswer,
  HopId,
  RunStatus,
  RunSummary,
} from '../../../libs/orchestrator/src/state/state.store.js';
import { StateStore } from '../../../libs/orchestrator/src/state/state.store.js';

/** Keeps nothing and grants everything: what the run record is for shows without it. */
export class NoRecords extends StateStore {
  override readonly keepsRecords: boolean = false;

  override claim(hop: HopId, { now: at }: ClaimTerms): Promise<Claim> {
    const holder = { ...hop, seq: hop.seq ?? 1, token: '' };
    return Promise.resolve({ kind: 'granted', holder, journal: {}, at, left: false });
  }

  override record(): Promise<HoldAnswer> {
    return Promise.resolve('ok');
  }

  override extend(): Promise<HoldAnswer> {
    return Promise.resolve('ok');
  }

  override arrive(): Promise<ArrivalAnswer> {
    return Promise.reject(new TypeError('A part left its run although nobody could let it arrive.'));
  }

  override inspect(): Promise<'over'> {
    return Promise.resolve('over');
  }

  override end(): Promise<HoldAnswer> {
    return Promise.resolve('ok');
  }

  override cancel(): Promise<RunStatus> {
    return this.status();
  }

  override status(): Promise<RunStatus> {
    return Promise.resolve({ status: 'unknown' });
  }

  override ended(): Promise<RunSummary> {
    return Promise.reject(new TypeError('Nobody knows.'));
  }
}
