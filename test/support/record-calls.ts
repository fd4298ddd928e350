import fc from 'fast-check';
import type {
  Claim,
  Departure,
  ExpectedLine,
  Holder,
  HopId,
  Journal,
  RunSummary,
  StateStore,
} from '../../libs/orchestrator/src/state/state.store.js';

/**
 * One call of a run's record, without what only the store under test knows: a holder is named by when it was granted. Leases
 * are over at once, or longer than any test, so that the same calls get the same answers whatever the time.
 */
export type RecordCall =
  | { readonly do: 'claim'; readonly hop: Omit<HopId, 'workflowId'>; readonly leaseMs: number; readonly now: number }
  | { readonly do: 'again'; readonly holder: number; readonly isPlaced: boolean; readonly leaseMs: number; readonly now: number }
  | { readonly do: 'record'; readonly holder: number; readonly outcomes: Journal; readonly departure: Departure | undefined }
  | { readonly do: 'extend'; readonly holder: number; readonly leaseMs: number; readonly overdue: boolean }
  | { readonly do: 'arrive'; readonly holder: number; readonly join: string; readonly part: string; readonly of: readonly string[]; readonly result: unknown; readonly fork: Pick<Holder, 'line' | 'seq'> }
  | { readonly do: 'end'; readonly holder: number; readonly summary: RunSummary }
  | { readonly do: 'expects'; readonly line: Omit<ExpectedLine, 'workflowId'> }
  | { readonly do: 'reopen'; readonly epoch: number }
  | { readonly do: 'lose' | 'cancel' }; // prettier-ignore

const LONG = 1e9;
const leaseMs = fc.constantFrom(0, 0, LONG);
const json = fc.oneof(fc.constantFrom(null, [], {}, 0, 1e-7, 2 ** 53, 'ž🐎', '\ud800', { a: [[], {}] }), fc.jsonValue({ maxDepth: 2 })); // prettier-ignore
const line = fc.constantFrom('', '', '', 'f/a', 'f/b', 'f', '\ud800');
const epoch = fc.constantFrom(0, 0, 0, 0, 1, 2);
const join = fc.constantFrom('f', 'f', 'g');
const of = fc.constantFrom(['a', 'b'], ['a'], ['a'], ['b', 'a', 'a']);
const path = fc.constantFrom('a', 'each[0].x', 'f.a.y', '"\n\\', '\udfff');
const holder = fc.constantFrom(0, 0, 0, 1, 2, 3);
const outcome = fc.record({
  outcome: fc.record({ kind: fc.constant('completed' as const), output: json }),
  attempt: fc.integer({ min: 1, max: 20 }),
  at: fc.double({ noNaN: true, noDefaultInfinity: true }).map((at) => at + 0), // JSON has no -0
});
const outcomes = fc.array(fc.tuple(path, outcome), { maxLength: 3 }).map((entries) => Object.fromEntries(entries));
const departure = fc.option(
  fc.oneof(
    fc.record({ kind: fc.constant('fork' as const), lines: fc.array(line, { minLength: 1, maxLength: 3 }) }),
    fc.constant<Departure>({ kind: 'hand_over' }),
  ),
  { nil: undefined },
);
const summary = fc.oneof(
  fc.record({ status: fc.constantFrom('completed' as const, 'failed' as const, 'cancelled' as const), output: json }),
  fc.record({ status: fc.constantFrom('failed' as const, 'cancelled' as const) }),
  fc.constant<RunSummary>({ status: 'completed', steps: { a: 'x'.repeat(70_000) } }),
);
const seq = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 4 }) },
  { weight: 3, arbitrary: fc.constantFrom(undefined, undefined, Number.MAX_SAFE_INTEGER) },
);
const hop = fc.record({ epoch, line, seq, hopId: fc.constantFrom('x', 'x', 'x', 'y', '\ud800z') });

/** Calls of one run, most of them of its main line, as they come in any order. */
export const recordCalls: fc.Arbitrary<RecordCall[]> = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: fc.record({ do: fc.constant('claim' as const), hop, leaseMs, now: fc.integer({ min: 1, max: 99 }) }) },
    { weight: 4, arbitrary: fc.record({ do: fc.constant('again' as const), holder, isPlaced: fc.boolean(), leaseMs, now: fc.integer({ min: 1, max: 99 }) }) },
    { weight: 4, arbitrary: fc.record({ do: fc.constant('record' as const), holder, outcomes, departure }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('extend' as const), holder, leaseMs, overdue: fc.boolean() }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('arrive' as const), holder, join, part: fc.constantFrom('a', 'b'), of, result: json, fork: fc.record({ line, seq: fc.nat({ max: 4 }) }) }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('end' as const), holder, summary }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('expects' as const), line: fc.record({ epoch, line, seq: fc.constantFrom(undefined, 0, 1, 2, 3) }) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('reopen' as const), epoch }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('cancel' as const, 'lose' as const) }) },
  ),
  { minLength: 5, maxLength: 30 },
); // prettier-ignore

/** Makes the calls one after another, and tells every answer, as JSON has it, without tokens and the store's own time. */
export async function answersOf(
  store: StateStore,
  workflowId: string,
  calls: readonly RecordCall[],
  lose: () => Promise<void>,
  afterEach: () => Promise<void> = () => Promise.resolve(),
): Promise<unknown[]> {
  const granted: Holder[] = [];
  const answers: unknown[] = [];
  const tell = (answer: unknown): void => {
    answers.push(JSON.parse(JSON.stringify(answer ?? null)));
  };
  for (const call of calls) {
    const by = 'holder' in call ? granted[granted.length - 1 - call.holder] : undefined;
    if ('holder' in call && by === undefined) continue;
    tell(await answerOf(call, by));
    await afterEach();
    tell([await store.status(workflowId), await store.epoch(workflowId)]);
  }
  return answers;

  async function answerOf(call: RecordCall, by: Holder = NOBODY): Promise<unknown> {
    switch (call.do) {
      case 'claim': {
        const claim = await store.claim({ ...call.hop, workflowId }, call);
        if ('holder' in claim) granted.push(claim.holder);
        return comparable(claim);
      }
      case 'again': {
        const claim = await store.claim(call.isPlaced ? by : { ...by, seq: undefined }, call);
        if ('holder' in claim) granted.push(claim.holder);
        return comparable(claim);
      }
      case 'record':
        return store.record(by, call.outcomes, call.departure);
      case 'extend':
        return store.extend(by, call.leaseMs, call.overdue);
      case 'arrive':
        return store.arrive(by, call);
      case 'end':
        return store.end(by, call.summary);
      case 'expects':
        return store.expects({ ...call.line, workflowId });
      case 'reopen':
        return store.reopen(workflowId, call.epoch);
      case 'cancel':
        return store.cancel(workflowId);
      case 'lose':
        return lose();
    }
  }
}

const NOBODY: Holder = { workflowId: '', epoch: 0, line: '', seq: 0, hopId: '', token: '' };

function comparable(claim: Claim): unknown {
  if (claim.kind === 'busy') return { kind: claim.kind };
  if (!('holder' in claim)) return claim;
  const { token, ...holder } = claim.holder;
  const journal = Object.entries(claim.journal).sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    ...claim,
    holder,
    hasToken: token !== '',
    journal,
    at: claim.at < 100 ? claim.at : 'when it was made again',
  };
}
