import assert from 'node:assert/strict';
import type {
  Claim,
  ClaimTerms,
  Holder,
  HopId,
  RecordedOutcome,
  RunSummary,
  StateStore,
} from '../../state/state.store.js';
import type { ContractCase } from '../contract.js';

/** What the suite needs of the store under test. */
export interface StateStoreFixture {
  /** Empty, or at least without the runs of other cases. */
  readonly store: StateStore;
  /** Lets so many milliseconds pass for the store's leases. */
  readonly pass: (ms: number) => Promise<void>;
  /** Milliseconds of the leases that cases let pass. Default 30,000; less where `pass` takes real time, as on a server. */
  readonly leaseMs?: number;
}

export const LEASE = 30_000;
/** By the clock of whoever claims. */
export const NOW = Date.UTC(2030, 0);
export const TERMS = { leaseMs: LEASE, now: NOW };
export const terms = (leaseMs: number): ClaimTerms => ({ leaseMs, now: NOW });
let runs = 0;

/** A message of a run that no other case uses. */
export function hop(change: Partial<HopId> = {}): HopId {
  runs += 1;
  return { workflowId: `contract-${process.pid}-${runs}`, epoch: 0, line: '', seq: 1, hopId: 'first', ...change };
}

export const completed = (output: unknown, attempt = 1): RecordedOutcome => ({
  outcome: { kind: 'completed', output },
  attempt,
  at: 1,
});
export const done: RunSummary = { status: 'completed', output: 1, steps: { a: 1 } };

export async function granted(
  store: StateStore,
  asking: HopId,
  leaseMs = LEASE,
): Promise<Claim & { readonly kind: 'granted' }> {
  const claim = await store.claim(asking, terms(leaseMs));
  if (claim.kind === 'granted') return claim;
  throw new assert.AssertionError({ message: 'The message is not granted.', actual: claim.kind, expected: 'granted', operator: 'equal' }); // prettier-ignore
}
export const holderOf = async (store: StateStore, asking: HopId, leaseMs = LEASE): Promise<Holder> =>
  (await granted(store, asking, leaseMs)).holder;

/** One thing that a store promises. */
export type StateCase = ContractCase<StateStoreFixture>;
