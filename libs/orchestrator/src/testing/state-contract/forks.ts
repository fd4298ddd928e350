import assert from 'node:assert/strict';
import { changed } from '../../utils/changed.js';
import { completed, done, granted, holderOf, hop, LEASE, type StateCase, TERMS } from './stage.js';

const of = ['a', 'b'];
const fork = { kind: 'fork', join: 'f', of } as const;
const arrival = (part: string, result: unknown): { join: string; part: string; of: string[]; result: unknown } => ({
  join: 'f',
  part,
  of,
  result,
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
    name: 'tells a keeper which parts left no trace: not those that are on their way, at work, or have arrived',
    async run({ store }) {
      const main = { ...hop(), line: '', seq: 1 };
      assert.deepEqual(await store.inspect(main, 'f', of), of, 'a store that lost everything');
      const holder = await holderOf(store, main);
      assert.deepEqual(await store.inspect(main, 'f', of), of);
      await holderOf(store, { ...main, line: 'f/b', seq: 0, hopId: 'b' });
      assert.deepEqual(await store.inspect(main, 'f', of), ['a']);
      await store.record(holder, {}, fork);
      assert.deepEqual(await store.inspect(main, 'f', of), []);
    },
  },
  {
    name: 'counts a part that arrived before its line was lost as there',
    async run({ store }) {
      const main = { ...hop(), line: '', seq: 1 };
      const left = await holderOf(store, main);
      await store.arrive(left, arrival('a', 1)); // it ended in the hop that left the fork
      assert.deepEqual(await store.inspect(main, 'f', of), ['b']);
    },
  },
  {
    name: 'tells a keeper that its fork is over: the line has gone on, the run has ended, or was requeued',
    async run({ store }) {
      const main = { ...hop(), line: '', seq: 1 };
      await granted(store, main);
      assert.notEqual(await store.inspect(main, 'f', of), 'over');
      const next = await holderOf(store, { ...main, seq: 2, hopId: 'next' });
      assert.equal(await store.inspect(main, 'f', of), 'over');
      assert.notEqual(await store.inspect({ ...main, seq: 2 }, 'f', of), 'over');
      await store.end(next, { status: 'failed' });
      assert.equal(await store.inspect({ ...main, seq: 2 }, 'f', of), 'over');
      await granted(store, { ...main, epoch: 1, seq: 3, hopId: 'requeued' });
      assert.equal(await store.inspect({ ...main, seq: 3 }, 'f', of), 'over');
    },
  },
  {
    name: 'claims nothing for a keeper: it stands in nobody’s way',
    async run({ store }) {
      const main = { ...hop(), line: '', seq: 1 };
      await store.inspect(main, 'f', of);
      await granted(store, main);
      await granted(store, { ...main, line: 'f/a', seq: 0, hopId: 'a' });
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
      assert.deepEqual(await store.arrive(b, arrival('b', 'new')), { kind: 'waiting' });
      assert.deepEqual(await store.arrive(changed(part, {}), arrival('a', 'old')), { kind: 'fenced' });
    },
  },
];
