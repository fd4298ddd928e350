import { describe, expect, it } from '@jest/globals';
import { MemoryStateStore } from '../../libs/orchestrator/src/state/memory/memory.store.js';
import type { Claim, HopId } from '../../libs/orchestrator/src/state/state.store.js';
import { stateStoreContract, type StateStoreFixture } from '../../libs/orchestrator/src/testing/state.contract.js';
import { VirtualClock } from '../../libs/orchestrator/src/testing/virtual-clock.js';

function fixture(change: (store: MemoryStateStore) => void = () => undefined): StateStoreFixture {
  const clock = new VirtualClock();
  const store = new MemoryStateStore(clock);
  change(store);
  return { store, pass: (ms) => clock.advance(ms) };
}

describe('the run record in memory', () => {
  it.each(stateStoreContract)('$name', ({ run }) => run(fixture()));

  it('forgets the runs that ended first, never one that runs', async () => {
    const store = new MemoryStateStore(new VirtualClock(), 2);
    const end = async (workflowId: string): Promise<void> => {
      const claim = await store.claim(
        { workflowId, epoch: 0, line: '', seq: 1, hopId: workflowId },
        { leaseMs: 1_000, now: 0 },
      );
      if (claim.kind === 'granted') await store.end(claim.holder, { status: 'completed' });
    };
    await store.claim({ workflowId: 'runs', epoch: 0, line: '', seq: 1, hopId: 'x' }, { leaseMs: 1_000, now: 0 });
    for (const workflowId of ['a', 'b', 'c']) await end(workflowId);
    const statuses = await Promise.all(['runs', 'a', 'b', 'c'].map((id) => store.status(id)));
    expect(statuses.map(({ status }) => status)).toEqual(['running', 'unknown', 'completed', 'completed']);
  });

  it('lets a message that ended its run long ago in no more: its journal is gone, and nothing may run again', async () => {
    const store = new MemoryStateStore(new VirtualClock());
    const claim = (id: string): Promise<Claim> =>
      store.claim({ workflowId: id, epoch: 0, line: '', seq: 1, hopId: id }, { leaseMs: 0, now: 0 });
    for (let n = 0; n <= 256; n += 1) {
      const granted = await claim(String(n));
      if (granted.kind === 'granted') await store.end(granted.holder, { status: 'completed' });
    }
    expect((await claim('1')).kind).toBe('ended-here');
    expect((await claim('0')).kind).toBe('ended');
  });

  it('gives the whole result to those who wait for it, however large', async () => {
    const store = new MemoryStateStore(new VirtualClock());
    const claim = await store.claim(
      { workflowId: 'w', epoch: 0, line: '', seq: 1, hopId: 'x' },
      { leaseMs: 1_000, now: 0 },
    );
    const waiting = store.ended('w', new AbortController().signal);
    const output = 'x'.repeat(100_000);
    if (claim.kind === 'granted') await store.end(claim.holder, { status: 'completed', output });
    expect((await waiting).output).toBe(output);
    expect(await store.status('w')).toEqual({ status: 'completed', truncated: true });
  });
});

/** A store with one rule of the protocol left out. */
type Fault = (store: MemoryStateStore) => void;

const claims =
  (
    change: (claim: (hop: HopId, lease: number) => Promise<Claim>, hop: HopId, lease: number) => Promise<Claim>,
  ): Fault =>
  (store) => {
    const claim = store.claim.bind(store);
    store.claim = (hop, { leaseMs, now }) =>
      change((asked, forMs) => claim(asked, { leaseMs: forMs, now }), hop, leaseMs);
  };

/** One method, done otherwise. */
const replaced =
  <K extends 'arrive' | 'record' | 'end' | 'extend'>(
    name: K,
    change: (
      original: MemoryStateStore[K],
      ...args: Parameters<MemoryStateStore[K]>
    ) => ReturnType<MemoryStateStore[K]>,
  ): Fault =>
  (store) => {
    const original = store[name].bind(store) as MemoryStateStore[K];
    Object.assign(store, { [name]: (...args: Parameters<MemoryStateStore[K]>) => change(original, ...args) });
  };

describe('the contract of run records sees a store that', () => {
  it.each<[string, Fault]>([
    ['keeps nobody out while a message is at work', claims((claim, hop) => claim(hop, 0))],
    ['never lets a lease end', claims((claim, hop) => claim(hop, Number.MAX_SAFE_INTEGER))],
    ['does not look at the id of a message', claims((claim, hop, lease) => claim({ ...hop, hopId: 'any' }, lease))],
    ['does not look at the line of a message', claims((claim, hop, lease) => claim({ ...hop, line: '' }, lease))],
    ['does not look at the epoch', claims((claim, hop, lease) => claim({ ...hop, epoch: 0 }, lease))],
    [
      'grants an older message',
      claims((claim, hop, lease) => claim({ ...hop, seq: (hop.seq ?? 0) + Date.now() }, lease)),
    ],
    [
      'does not replay the journal',
      claims(async (claim, hop, lease) => {
        const answer = await claim(hop, lease);
        return answer.kind === 'granted' ? { ...answer, journal: {} } : answer;
      }),
    ],
    [
      'gives no new token',
      claims(async (claim, hop, lease) => {
        const answer = await claim(hop, lease);
        return answer.kind === 'granted' ? { ...answer, holder: { ...answer.holder, token: 'same' } } : answer;
      }),
    ],
    [
      'does not let the ending message tell so again',
      claims(async (claim, hop, lease) => {
        const answer = await claim(hop, lease);
        return answer.kind === 'ended-here' ? { kind: 'ended' } : answer;
      }),
    ],
    ['records for anybody', (store) => (store.record = () => Promise.resolve('ok'))],
    ['extends nothing', (store) => (store.extend = () => Promise.resolve('ok'))],
    ['ends for anybody', (store) => (store.end = () => Promise.resolve('ok'))],
    [
      'answers every arrival that all have arrived',
      (store) => (store.arrive = () => Promise.resolve({ kind: 'all', results: {} })),
    ],
    [
      'lets a stranger arrive',
      replaced('arrive', async (arrive, holder, arrival) => {
        const answer = await arrive(holder, arrival);
        return answer.kind === 'fenced' ? ({ kind: 'waiting' } as const) : answer;
      }),
    ],
    [
      'lets joins of different forks meet',
      replaced('arrive', (arrive, holder, arrival) => arrive(holder, { ...arrival, join: 'any' })),
    ],
    ['forgets that a fork was left', replaced('record', (record, holder, outcomes) => record(holder, outcomes))],
    [
      'tells no part that its fork is over',
      replaced('arrive', (arrive, holder, arrival) => arrive(holder, { ...arrival, fork: { line: 'none', seq: 0 } })),
    ],
    [
      'takes every fork for over whose line has a number',
      replaced('arrive', (arrive, holder, arrival) =>
        arrive(holder, { ...arrival, fork: { ...arrival.fork, seq: -1 } }),
      ),
    ],
    [
      'takes every fork for one of the main line',
      replaced('arrive', (arrive, holder, arrival) =>
        arrive(holder, { ...arrival, fork: { ...arrival.fork, line: '' } }),
      ),
    ],
    ['expects anybody', (store) => (store.expects = () => Promise.resolve(true))],
    ['expects nobody', (store) => (store.expects = () => Promise.resolve(false))],
    ['does not hear of a requeue', (store) => (store.reopen = () => Promise.resolve())],
    ['tells nobody that a run is to be cancelled', (store) => (store.cancel = (id) => store.status(id))],
    [
      'ends a cancelled run as if it were not',
      replaced('end', (end, holder, summary) => end(holder, { ...summary, status: 'cancelled' })),
    ],
    [
      'does not keep anybody out for an overdue handler',
      replaced('extend', (extend, holder, lease) => extend(holder, lease)),
    ],
    ['does not hear who gives up waiting', (store) => (store.ended = () => new Promise(() => undefined))],
  ])('%s', async (_, fault) => {
    const failed: string[] = [];
    for (const { name, run } of stateStoreContract) {
      const patience = new Promise<never>((_resolve, reject) => setTimeout(reject, 200).unref());
      await Promise.race([run(fixture(fault)), patience]).catch(() => failed.push(name));
    }
    expect(failed).not.toEqual([]);
  });
});
