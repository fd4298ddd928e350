import assert from 'node:assert/strict';
import type { Arrival, ExpectedLine } from '../../state/state.store.js';
import { changed } from '../../utils/changed.js';
import { completed, done, granted, holderOf, hop, LEASE, type StateCase, TERMS } from './stage.js';

const of = ['a', 'b'];
const fork = { kind: 'fork', lines: ['f/a', 'f/b'] } as const;
const arrival = (part: string, result: unknown): Arrival => ({
  join: 'f',
  part,
  of,
  result,
  fork: { line: '', seq: 1 },
});

/** Where the parts of a fork meet. */
export const forkCases: readonly StateCase[] = [
  {
    name: 'lets the parts of a fork meet: each waits, until the last one is given what all came to',
    async run({ store }) {
      const main = hop();
      const [a, b] = await Promise.all(
        of.map((part) => holderOf(store, { ...main, line: `f/${part}`, seq: 0, hopId: part })),
      );
      assert.ok(a && b);
      assert.deepEqual(await store.arrive(a, arrival('a', { n: 1 })), { kind: 'waiting' });
      assert.deepEqual(await store.arrive(b, arrival('b', null)), { kind: 'all', results: { a: { n: 1 }, b: null } });
    },
  },
  {
    name: 'tells a part that arrives again the same, and keeps what it came to first',
    async run({ store, pass, leaseMs = LEASE }) {
      const main = hop();
      const first = await holderOf(store, { ...main, line: 'f/a', seq: 0, hopId: 'a' }, leaseMs);
      await store.arrive(first, arrival('a', 1));
      await pass(leaseMs + 1);
      const again = await holderOf(store, { ...main, line: 'f/a', seq: 0, hopId: 'a' }, leaseMs);
      assert.deepEqual(await store.arrive(again, arrival('a', 2)), { kind: 'waiting' });
      const b = await holderOf(store, { ...main, line: 'f/b', seq: 0, hopId: 'b' }, leaseMs);
      const all = { kind: 'all', results: { a: 1, b: 3 } };
      assert.deepEqual(await store.arrive(b, arrival('b', 3)), all);
      assert.deepEqual(await store.arrive(b, arrival('b', 4)), all, 'a crash before the run went on loses nothing');
    },
  },
  {
    name: 'lets nobody arrive who does not hold the line, or whose run was ended by another',
    async run({ store, pass, leaseMs = LEASE }) {
      const main = hop();
      const part = { ...main, line: 'f/a', seq: 0, hopId: 'a' };
      const stalled = await holderOf(store, part, leaseMs);
      await pass(leaseMs + 1);
      const holder = await holderOf(store, part, leaseMs);
      assert.deepEqual(await store.arrive(stalled, arrival('a', 1)), { kind: 'fenced' });
      await store.end(await holderOf(store, main, leaseMs), done);
      assert.deepEqual(await store.arrive(holder, arrival('a', 1)), { kind: 'fenced' });
    },
  },
  {
    name: 'keeps joins apart: nested forks and the same fork in another run do not meet',
    async run({ store }) {
      const [one, two] = await Promise.all(
        [hop(), hop()].map((main) => holderOf(store, { ...main, line: 'f/a', seq: 0 })),
      );
      assert.ok(one && two);
      await store.arrive(one, arrival('a', 1));
      assert.deepEqual(await store.arrive(two, arrival('b', 1)), { kind: 'waiting' });
      assert.deepEqual(await store.arrive(one, { ...arrival('b', 1), join: 'f.a.g' }), { kind: 'waiting' });
    },
  },
  {
    name: 'tells a hop that comes again that it has left its fork, and no later one',
    async run({ store, pass, leaseMs = LEASE }) {
      const main = hop();
      const first = await granted(store, main, leaseMs);
      assert.equal(first.left, false);
      assert.equal(await store.record(first.holder, { x: completed(1) }, fork), 'ok');
      await pass(leaseMs + 1);
      const again = await granted(store, main, leaseMs);
      assert.deepEqual([again.left, again.journal], [true, { x: completed(1) }]);
      assert.equal((await granted(store, { ...main, seq: 2, hopId: 'next' }, leaseMs)).left, false);
    },
  },
  {
    name: 'lets a part arrive in the hop that left its fork',
    async run({ store }) {
      const main = hop();
      const left = await holderOf(store, main);
      await store.record(left, {}, fork);
      assert.deepEqual(await store.arrive(left, arrival('a', 1)), { kind: 'waiting' });
      const b = await holderOf(store, { ...main, line: 'f/b', seq: 0, hopId: 'b' });
      assert.deepEqual(await store.arrive(b, arrival('b', 2)), { kind: 'all', results: { a: 1, b: 2 } });
    },
  },
  {
    name: 'tells a part that arrives again that its fork is over, once the line that left it has gone on',
    async run({ store }) {
      const main = { ...hop(), seq: 1 };
      await granted(store, main);
      const a = await holderOf(store, { ...main, line: 'f/a', seq: 0, hopId: 'a' });
      assert.deepEqual(await store.arrive(a, arrival('a', 1)), { kind: 'waiting' });
      await granted(store, { ...main, seq: 2, hopId: 'next' });
      assert.deepEqual(await store.arrive(a, arrival('a', 1)), { kind: 'over' });
      const within = { ...arrival('x', 1), join: 'f.a.g', of: ['x', 'y'], fork: { line: 'f/a', seq: 0 } };
      assert.deepEqual(
        await store.arrive(a, within),
        { kind: 'waiting' },
        'a fork of a part, whose line has not gone on',
      );
      const later = { ...arrival('a', 1), fork: { line: '', seq: 2 } };
      assert.deepEqual(await store.arrive(a, later), { kind: 'waiting' }, 'a fork that is left later');
    },
  },
  {
    name: 'expects the lines of a fork that was left, and those that were claimed; asking claims nothing',
    async run({ store }) {
      const main = hop();
      const lineOf = (line: string): ExpectedLine => ({ workflowId: main.workflowId, epoch: main.epoch, line });
      const expects = (): Promise<boolean[]> => Promise.all(['f/a', 'f/c'].map((line) => store.expects(lineOf(line))));
      assert.deepEqual(await expects(), [false, false], 'a run of which nobody has heard');
      const left = await holderOf(store, main);
      assert.deepEqual(await expects(), [false, false]);
      await store.record(left, {}, fork);
      assert.deepEqual(await expects(), [true, false]);
      await granted(store, { ...main, line: 'f/c', seq: 0, hopId: 'c' });
      await granted(store, { ...main, line: 'f/a', seq: 0, hopId: 'a' });
      assert.deepEqual(await expects(), [true, true]);
      const places = [0, 1].map((seq) => store.expects({ ...lineOf('f/a'), seq }));
      assert.deepEqual(await Promise.all(places), [false, true], 'a place that was claimed, and the next');
      assert.equal(await store.expects({ ...lineOf('f/a'), epoch: 1 }), false);
      await store.end(left, done);
      assert.deepEqual(await expects(), [false, false]);
    },
  },
  {
    name: 'counts a run as unknown of which it knows nothing but parts: it has lost the rest, perhaps that it has ended',
    async run({ store }) {
      const main = hop();
      const part = await holderOf(store, { ...main, line: 'f/a', seq: 3, hopId: 'a' });
      await store.arrive(part, arrival('a', 1));
      assert.deepEqual(await store.status(main.workflowId), { status: 'unknown' });
      await granted(store, { ...main, seq: 2, hopId: 'next' });
      assert.deepEqual(await store.status(main.workflowId), { status: 'running' });
    },
  },
  {
    name: 'drops the lines and joins of the epoch before: a fork that is entered anew meets its own parts only',
    async run({ store }) {
      const main = hop();
      const part = await holderOf(store, { ...main, line: 'f/a', seq: 0, hopId: 'a' });
      await store.arrive(part, arrival('a', 'old'));
      await store.end(await holderOf(store, main), { status: 'failed' });
      await granted(store, { ...main, epoch: 1, seq: 2, hopId: 'requeued' });
      assert.equal((await store.claim({ ...main, line: 'f/b', seq: 0, hopId: 'b' }, TERMS)).kind, 'stale');
      const b = await holderOf(store, { ...main, epoch: 1, line: 'f/b', seq: 0, hopId: 'b' });
      const anew = { ...arrival('b', 'new'), fork: { line: '', seq: 2 } };
      assert.deepEqual(await store.arrive(b, anew), { kind: 'waiting' });
      assert.deepEqual(await store.arrive(changed(part, {}), arrival('a', 'old')), { kind: 'fenced' });
    },
  },
];
