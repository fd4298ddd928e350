import assert from 'node:assert/strict';
import type { Holder } from '../../state/state.store.js';
import { completed, done, granted, holderOf, hop, LEASE, type StateCase, TERMS, terms } from './stage.js';

/** Who may execute a message, what is replayed, how a run ends. */
export const lineCases: readonly StateCase[] = [
  {
    name: 'grants a new message once: a second delivery of it is busy while the first is at work',
    async run({ store }) {
      const asking = hop();
      await granted(store, asking);
      const second = await store.claim(asking, TERMS);
      assert.ok(second.kind === 'busy');
      assert.ok(second.forMs > 0 && second.forMs <= LEASE, 'as long as the lease lives');
    },
  },
  {
    name: 'grants a message again when the lease of a dead holder is over, with what that one recorded',
    async run({ store, pass, leaseMs = LEASE }) {
      const asking = hop();
      const first = await granted(store, asking, leaseMs);
      assert.equal(await store.record(first.holder, { a: completed(1) }), 'ok');
      await pass(leaseMs + 1);
      const second = await granted(store, asking, leaseMs);
      assert.deepEqual(second.journal, { a: completed(1) });
      assert.notEqual(second.holder.token, first.holder.token);
      assert.equal(second.at, first.at, 'a redelivery sees the time of the first grant');
    },
  },
  {
    name: 'fences the holder whose message was granted to another: a stalled process changes nothing',
    async run({ store, pass, leaseMs = LEASE }) {
      const asking = hop();
      const stalled = await holderOf(store, asking, leaseMs);
      await pass(leaseMs + 1);
      const holder = await holderOf(store, asking, leaseMs);
      assert.equal(await store.record(stalled, { a: completed('late') }), 'fenced');
      assert.equal(await store.extend(stalled, leaseMs), 'fenced');
      assert.equal(await store.end(stalled, done), 'fenced');
      assert.equal(await store.record(holder, { b: completed(2) }), 'ok');
      await pass(leaseMs + 1);
      assert.deepEqual((await granted(store, asking, leaseMs)).journal, { b: completed(2) });
    },
  },
  {
    name: 'refuses the same place under another id: of two copies of a run one goes on',
    async run({ store }) {
      const asking = hop();
      await granted(store, asking);
      assert.equal((await store.claim({ ...asking, hopId: 'second' }, TERMS)).kind, 'stale');
    },
  },
  {
    name: 'refuses a message that the line has left behind, also once its lease is over',
    async run({ store, pass, leaseMs = LEASE }) {
      const asking = hop();
      await granted(store, asking, leaseMs);
      await granted(store, { ...asking, seq: 2, hopId: 'next' }, leaseMs);
      assert.equal((await store.claim(asking, terms(leaseMs))).kind, 'stale');
      await pass(leaseMs + 1);
      assert.equal((await store.claim(asking, terms(leaseMs))).kind, 'stale');
    },
  },
  {
    name: 'starts the next message with an empty journal: an outcome is replayed only where it was recorded',
    async run({ store }) {
      const asking = hop();
      await store.record(await holderOf(store, asking), { a: completed(1) });
      assert.deepEqual((await granted(store, { ...asking, seq: 2, hopId: 'next' })).journal, {});
    },
  },
  {
    name: 'keeps lines apart: a branch neither fences nor sees the main line',
    async run({ store }) {
      const main = hop();
      const holder = await holderOf(store, main);
      const branch = await granted(store, { ...main, line: 'fork/a', seq: 0, hopId: 'a' });
      await store.record(branch.holder, { 'fork.a.x': completed('x') });
      assert.equal(await store.record(holder, { y: completed('y') }), 'ok');
    },
  },
  {
    name: 'keeps outcomes until the run ends, the newest of a path',
    async run({ store, pass, leaseMs = LEASE }) {
      const asking = hop();
      const holder = await holderOf(store, asking, leaseMs);
      await store.record(holder, { a: completed(1), b: completed(null) });
      await store.record(holder, { a: completed(2, 2) });
      await pass(leaseMs + 1);
      assert.deepEqual((await granted(store, asking, leaseMs)).journal, { a: completed(2, 2), b: completed(null) });
    },
  },
  {
    name: 'extends a lease from now on, and gives it up when it is extended by nothing',
    async run({ store, pass, leaseMs = LEASE }) {
      const asking = hop();
      const holder = await holderOf(store, asking, leaseMs);
      await pass(0.6 * leaseMs);
      assert.equal(await store.extend(holder, leaseMs), 'ok');
      await pass(0.6 * leaseMs);
      assert.equal((await store.claim(asking, terms(leaseMs))).kind, 'busy');
      assert.equal(await store.extend(holder, 0), 'ok');
      await granted(store, asking, leaseMs);
    },
  },
  {
    name: 'ends a run once: every other message of it is told so',
    async run({ store }) {
      const asking = hop();
      const holder = await holderOf(store, asking);
      assert.equal(await store.end(holder, done), 'ok');
      assert.equal(await store.end(holder, done), 'ok', 'repeating it is harmless');
      assert.equal((await store.claim({ ...asking, seq: 2, hopId: 'next' }, TERMS)).kind, 'ended');
      assert.equal((await store.claim({ ...asking, line: 'fork/a', seq: 0 }, TERMS)).kind, 'ended');
    },
  },
  {
    name: 'lets the message that ended the run tell so again, with its journal: a crash before the terminal loses nothing',
    async run({ store, pass, leaseMs = LEASE }) {
      const asking = hop();
      const holder = await holderOf(store, asking, leaseMs);
      await store.record(holder, { a: completed(1) });
      await store.end(holder, done);
      await pass(leaseMs + 1);
      const again = await store.claim(asking, terms(leaseMs));
      const journal = { a: completed(1) };
      assert.deepEqual(again, { ...again, kind: 'ended-here', journal, summary: done });
    },
  },
  {
    name: 'fences whoever still works on a run that another message ended',
    async run({ store }) {
      const asking = hop();
      const branch = await holderOf(store, { ...asking, line: 'fork/a', seq: 0, hopId: 'a' });
      await store.end(await holderOf(store, asking), { status: 'failed' });
      assert.equal(await store.record(branch, { 'fork.a.x': completed('x') }), 'fenced');
      assert.equal(await store.end(branch, done), 'fenced');
    },
  },
  {
    name: 'reopens an ended run for a higher epoch only, and then refuses the lower',
    async run({ store }) {
      const asking = hop();
      const holder = await holderOf(store, asking);
      await store.end(holder, { status: 'failed' });
      const requeued = { ...asking, epoch: 1, seq: 2, hopId: 'requeued' };
      assert.deepEqual((await granted(store, requeued)).journal, {});
      assert.equal((await store.status(asking.workflowId)).status, 'running');
      assert.equal((await store.claim(asking, TERMS)).kind, 'stale');
      assert.equal(await store.record(holder, { a: completed(1) }), 'fenced');
    },
  },
  {
    name: 'gives a message of the original the place after the current one, and the same place when it comes again',
    async run({ store, pass, leaseMs = LEASE }) {
      const asking = hop({ seq: undefined, hopId: 'text-1' });
      assert.equal((await holderOf(store, asking, leaseMs)).seq, 1);
      await pass(leaseMs + 1);
      assert.equal((await holderOf(store, asking, leaseMs)).seq, 1);
      assert.equal((await holderOf(store, { ...asking, hopId: 'text-2' }, leaseMs)).seq, 2);
      const again = await store.claim(asking, terms(leaseMs));
      assert.equal(again.kind, 'stale', 'once the line has gone on it is as old as any other');
    },
  },
  {
    name: 'makes the line of a holder again that it has forgotten: a store that restarted empty stops no run',
    async run({ store }) {
      const lost: Holder = { ...hop(), seq: 3, hopId: 'x', token: 'from before' };
      assert.equal(await store.record(lost, { a: completed(1) }), 'ok');
      assert.equal(await store.end(lost, done), 'ok');
      assert.equal((await store.status(lost.workflowId)).status, 'completed');
    },
  },
  {
    name: 'lets a holder go on whose grant it has forgotten, though not the one before: a failover stops no run',
    async run({ store }) {
      const asking = hop();
      const before = await holderOf(store, asking);
      await store.record(before, { a: completed(1) });
      const lost: Holder = { ...asking, seq: 2, hopId: 'next', token: 'from before' };
      assert.equal(await store.record(lost, { b: completed(2) }), 'ok');
      assert.equal(await store.record(before, { a: completed(3) }), 'fenced');
      const again = await granted(store, { ...asking, seq: 2, hopId: 'next' });
      assert.deepEqual(again.journal, { b: completed(2) });
    },
  },
  {
    name: 'tells the status of a run: unknown, running, and how it ended',
    async run({ store }) {
      const asking = hop();
      assert.deepEqual(await store.status(asking.workflowId), { status: 'unknown' });
      const holder = await holderOf(store, asking);
      assert.equal((await store.status(asking.workflowId)).status, 'running');
      await store.end(holder, done);
      assert.deepEqual(await store.status(asking.workflowId), done);
    },
  },
  {
    name: 'tells those who wait for the end, before and after it, and lets them give up',
    async run({ store }) {
      const asking = hop();
      const never = new AbortController();
      const holder = await holderOf(store, asking);
      const waiting = store.ended(asking.workflowId, never.signal);
      const impatient = new AbortController();
      const given = store.ended(asking.workflowId, impatient.signal);
      impatient.abort(new Error('enough'));
      await assert.rejects(given, /enough/);
      await store.end(holder, done);
      assert.deepEqual(await waiting, done);
      assert.deepEqual(await store.ended(asking.workflowId, never.signal), done);
      await assert.rejects(store.ended(asking.workflowId, AbortSignal.abort(new Error('before'))), /before/);
    },
  },
  {
    name: 'keeps a large summary without its outputs, and says so: a record stays small',
    async run({ store }) {
      const asking = hop();
      await store.end(await holderOf(store, asking), { ...done, steps: { a: 'x'.repeat(70_000) } });
      assert.deepEqual(await store.status(asking.workflowId), { status: 'completed', truncated: true });
    },
  },
  {
    name: 'keeps runs apart whatever their names: prototype names, separators, unicode',
    async run({ store }) {
      const { workflowId } = hop();
      for (const name of ['__proto__', 'constructor', 'a:b', '{a}', 'ž🐎', `${workflowId}|`]) {
        const asking = hop({ workflowId: `${name}${workflowId}` });
        const holder = await holderOf(store, asking);
        assert.equal(await store.record(holder, { 'each[0].x': completed({ __proto__: null }) }), 'ok');
      }
    },
  },
];
