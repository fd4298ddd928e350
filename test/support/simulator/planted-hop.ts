import type { Run } from '../../../libs/orchestrator/src/engine/run.js';
import { Interrupted } from '../../../libs/orchestrator/src/execution/interrupted.js';
import { HopJournal } from '../../../libs/orchestrator/src/execution/hop-journal.js';
import { Hop } from '../../../libs/orchestrator/src/hop.js';
import { MemoryStateStore } from '../../../libs/orchestrator/src/state/memory/memory.store.js';
import { PartsRouter } from '../../../libs/orchestrator/src/transports/parts.router.js';
import { Publisher } from '../../../libs/orchestrator/src/transports/publisher.js';
import { Router } from '../../../libs/orchestrator/src/transports/router.js';
import { Lease } from '../../../libs/orchestrator/src/execution/lease.js';
import { journalOfTask, planted, replace, type Planted } from './plant.js';

/** Rules of the hop and of what it sends, broken there. */
export const IN_THE_HOP: readonly Planted[] = [
  planted(
    'a hop acknowledged before its message is published',
    4,
    'by-service',
    'next',
    { crash: 2, reorder: true },
    () =>
      replace(Publisher, 'publish', (publish) => {
        return function (this: object, message: unknown) {
          void (publish.call(this, message) as Promise<void>).catch(() => undefined);
          return Promise.resolve();
        };
      }),
  ),
  planted(
    'a message published before its hop is recorded',
    10,
    'by-service',
    'generated',
    { crash: 2, reorder: true },
    () =>
      replace(Router, 'send', (send) => {
        return async function (this: object, move: unknown, journal: HopJournal) {
          const early = Object.create(journal, { flush: { value: () => Promise.resolve() } }) as HopJournal;
          const sent = await send.call(this, move, early);
          await journal.flush();
          return sent;
        };
      }),
  ),
  planted('a journal that is not replayed', 1, 'by-service', 'one', { crash: 2 }, () =>
    replace(HopJournal, 'replay', () => () => undefined),
  ),
  planted(
    'a part that has ended and does not wait, and a store that restarts empty',
    1,
    'messages',
    'generated',
    { restart: 2, crash: 2, reorder: true },
    () => replace(PartsRouter, 'wait', () => () => Promise.resolve()),
  ),
  planted(
    'a part that has ended and does not wait, and a store that fails over',
    32,
    'messages',
    'generated',
    { failover: 2, crash: 2, reorder: true },
    () => replace(PartsRouter, 'wait', () => () => Promise.resolve()),
  ),
  planted(
    'a continuation with the next seq each time a join is complete',
    607,
    'messages',
    'generated',
    { stall: 5, reorder: true },
    () => {
      const fired = new WeakMap<object, Map<string, number>>();
      return replace(PartsRouter, 'encoded', (encoded) => {
        return function (this: object, joined: Run, seq: number) {
          const counts = fired.get(joined.plan) ?? new Map<string, number>();
          fired.set(joined.plan, counts);
          const key = `${joined.frames.length} ${seq}`;
          const times = counts.get(key) ?? 0;
          counts.set(key, times + 1);
          return encoded.call(this, joined, seq + times);
        };
      });
    },
  ),
  planted('no record before a step that changes something', 264, 'by-service', 'one', { crash: 2 }, () =>
    journalOfTask('before'),
  ),
  planted('no record after a step that changed something', 19, 'by-service', 'one', { crash: 2 }, () =>
    journalOfTask('after'),
  ),
  planted('a busy message that is dropped', 1, 'by-service', 'generated', { crash: 2 }, () =>
    replace(Hop, 'defer', () => () => ({ skipped: true, reason: 'busy' })),
  ),
  planted('a message put back under another hop_id', 1, 'by-service', 'generated', { crash: 2 }, () => {
    let ids = 0;
    return replace(Publisher, 'toItself', (toItself) => {
      return function (this: object, body: string, hopId: string, delay: number) {
        const another = `another-${(ids += 1)}`;
        return toItself.call(this, body.replace(hopId, another), another, delay);
      };
    });
  }),
  planted('outcomes that are lost when the store fails', 21, 'by-service', 'generated', { storeError: 3 }, () =>
    replace(Publisher, 'putBack', (putBack) => {
      return function (this: object, body: string, changes: object = {}, delay?: number) {
        return putBack.call(this, body, { ...changes, carry: undefined }, delay);
      };
    }),
  ),
  planted('an overdue handler that keeps nobody out', 4, 'by-service', 'generated', { slow: 3, reorder: true }, () =>
    replace(Lease, 'uphold', () => () => Promise.resolve()),
  ),
  planted('a lease that is not renewed', 11, 'by-service', 'generated', { slow: 3, double: 1, reorder: true }, () =>
    replace(MemoryStateStore, 'extend', () => () => Promise.resolve('ok')),
  ),
  planted(
    'a fenced hop that still records',
    2770,
    'messages',
    'generated',
    { restart: 3, stall: 3, slow: 2, crash: 1, reorder: true },
    () =>
      replace(
        HopJournal,
        'reach',
        () => (call: () => Promise<unknown>) =>
          call().catch((cause: unknown) => {
            throw new Interrupted('unavailable', { cause });
          }),
      ),
  ),
];
