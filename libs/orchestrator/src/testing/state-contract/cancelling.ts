import assert from 'node:assert/strict';
import { completed, done, granted, holderOf, hop, LEASE, type StateCase, TERMS, terms } from './stage.js';

const cancelled = { status: 'cancelled' } as const;

/** What must hear that a run is to be cancelled, and who is kept out while a handler is overdue. */
export const cancellingCases: readonly StateCase[] = [
  {
    name: 'tells the holder that its run is to be cancelled, at its next word, and keeps what it says',
    async run({ store, pass, leaseMs = LEASE }) {
      const asking = hop();
      const holder = await holderOf(store, asking, leaseMs);
      assert.equal((await store.cancel(asking.workflowId)).status, 'cancelling');
      assert.equal((await store.status(asking.workflowId)).status, 'cancelling');
      assert.equal(await store.record(holder, { a: completed(1) }), 'cancelled');
      assert.equal(await store.extend(holder, leaseMs), 'cancelled');
      assert.equal(await store.end(holder, done), 'cancelled', 'it must end as cancelled');
      assert.equal((await store.status(asking.workflowId)).status, 'cancelling');
      await pass(leaseMs + 1);
      const again = await store.claim(asking, terms(leaseMs));
      assert.deepEqual(again.kind === 'cancelled' && again.journal, { a: completed(1) });
    },
  },
  {
    name: 'grants the end alone of a run that is to be cancelled, and then ends it',
    async run({ store }) {
      const asking = hop();
      await granted(store, asking);
      await store.cancel(asking.workflowId);
      assert.equal((await store.claim(asking, TERMS)).kind, 'busy', 'somebody is at work: that one will hear of it');
      const next = await store.claim({ ...asking, seq: 2, hopId: 'next' }, TERMS);
      assert.ok(next.kind === 'cancelled');
      assert.equal(await store.end(next.holder, cancelled), 'ok');
      assert.deepEqual(await store.status(asking.workflowId), cancelled);
      const again = await store.claim({ ...asking, seq: 2, hopId: 'next' }, TERMS);
      assert.equal(again.kind, 'busy');
    },
  },
  {
    name: 'cancels a run that nobody has claimed yet, and leaves one that has ended as it is',
    async run({ store }) {
      const early = hop();
      assert.equal((await store.cancel(early.workflowId)).status, 'cancelling');
      assert.equal((await store.claim(early, TERMS)).kind, 'cancelled');
      const ended = hop();
      await store.end(await holderOf(store, ended), done);
      assert.deepEqual(await store.cancel(ended.workflowId), done);
    },
  },
  {
    name: 'forgets the cancellation when the run is requeued',
    async run({ store }) {
      const asking = hop();
      await granted(store, asking);
      await store.cancel(asking.workflowId);
      const next = await store.claim({ ...asking, seq: 2, hopId: 'next' }, TERMS);
      assert.ok(next.kind === 'cancelled');
      await store.end(next.holder, cancelled);
      await granted(store, { ...asking, epoch: 1, seq: 3, hopId: 'requeued' });
      assert.equal((await store.status(asking.workflowId)).status, 'running');
      assert.equal(await store.epoch(asking.workflowId), 1);
    },
  },
  {
    name: 'lets a hop leave a fork although its run is to be cancelled: the parts are told, each',
    async run({ store }) {
      const asking = hop();
      const holder = await holderOf(store, asking);
      await store.cancel(asking.workflowId);
      assert.equal(await store.record(holder, {}, { kind: 'fork', lines: ['f/a'] }), 'ok');
      assert.equal((await store.claim({ ...asking, line: 'f/a', seq: 0, hopId: 'a' }, TERMS)).kind, 'cancelled');
    },
  },
  {
    name: 'tells that a run was handed over, until it comes back; one that is to be cancelled is not handed over',
    async run({ store }) {
      const asking = hop();
      const holder = await holderOf(store, asking);
      assert.equal(await store.record(holder, {}, { kind: 'hand_over' }), 'ok');
      assert.equal((await store.status(asking.workflowId)).status, 'delivery_requested');
      await granted(store, { ...asking, seq: 2, hopId: 'next' });
      assert.equal((await store.status(asking.workflowId)).status, 'running');
      const late = hop();
      const other = await holderOf(store, late);
      await store.cancel(late.workflowId);
      assert.equal(await store.record(other, {}, { kind: 'hand_over' }), 'cancelled');
    },
  },
  {
    name: 'keeps the next message out while a handler is overdue, as long as its lease is upheld',
    async run({ store, pass, leaseMs = LEASE }) {
      const asking = hop();
      const holder = await holderOf(store, asking, leaseMs);
      assert.equal(await store.extend(holder, leaseMs, true), 'ok');
      const next = { ...asking, seq: 2, hopId: 'next' };
      assert.equal((await store.claim(next, terms(leaseMs))).kind, 'busy');
      await pass(0.6 * leaseMs);
      assert.equal(await store.extend(holder, leaseMs, true), 'ok', 'whoever is kept out has not taken the line');
      await pass(0.6 * leaseMs);
      assert.equal((await store.claim(next, terms(leaseMs))).kind, 'busy');
      await store.extend(holder, 0);
      await granted(store, next, leaseMs);
    },
  },
  {
    name: 'does not wait for an overdue handler whose process has died',
    async run({ store, pass, leaseMs = LEASE }) {
      const asking = hop();
      await store.extend(await holderOf(store, asking, leaseMs), leaseMs, true);
      await pass(leaseMs + 1);
      await granted(store, { ...asking, seq: 2, hopId: 'next' }, leaseMs);
    },
  },
  {
    name: 'takes a run that was requeued as running before its message is claimed, and is not set back by that',
    async run({ store }) {
      const asking = hop();
      const holder = await holderOf(store, asking);
      await store.end(holder, { status: 'failed' });
      await store.reopen(asking.workflowId, 1);
      assert.deepEqual(
        [await store.status(asking.workflowId), await store.epoch(asking.workflowId)],
        [{ status: 'running' }, 1],
      );
      assert.equal((await store.claim(asking, TERMS)).kind, 'stale');
      const again = await granted(store, { ...asking, epoch: 1, seq: 2, hopId: 'requeued' });
      await store.record(again.holder, { a: completed(1) });
      await store.reopen(asking.workflowId, 1);
      assert.equal(await store.record(again.holder, { b: completed(2) }), 'ok');
      assert.equal(await store.end(again.holder, done), 'ok');
      await store.reopen(asking.workflowId, 1);
      assert.deepEqual(await store.status(asking.workflowId), done);
    },
  },
  {
    name: 'tells how often a run was requeued; nothing of one that nobody has claimed',
    async run({ store }) {
      const asking = hop();
      assert.equal(await store.epoch(asking.workflowId), undefined);
      await store.cancel(asking.workflowId);
      assert.equal(await store.epoch(asking.workflowId), undefined);
      await store.claim(asking, TERMS);
      assert.equal(await store.epoch(asking.workflowId), 0);
    },
  },
];
