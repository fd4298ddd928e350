import { describe, expect, it } from '@jest/globals';
import { Lease } from '../../../libs/orchestrator/src/execution/lease.js';
import { MemoryStateStore } from '../../../libs/orchestrator/src/state/memory/memory.store.js';
import type { HopId } from '../../../libs/orchestrator/src/state/state.store.js';
import { VirtualClock } from '../../../libs/orchestrator/src/testing/virtual-clock.js';

const SETTINGS = { lease: 60_000, heartbeat: 5_000 };
const HOP: HopId = { workflowId: 'w', epoch: 0, line: '', seq: 1, hopId: 'x' };

/** A hop at work. `away`: its store renews nothing any more. `kept`: for how many milliseconds that keeps others out. */
async function atWork(): Promise<{
  clock: VirtualClock;
  lease: Lease;
  next: () => Promise<string>;
  away: () => void;
  kept: () => Promise<number>;
}> {
  const clock = new VirtualClock();
  const store = new MemoryStateStore(clock);
  const terms = { leaseMs: SETTINGS.lease, now: clock.now() };
  const claim = await store.claim(HOP, terms);
  if (claim.kind !== 'granted') throw new TypeError(claim.kind);
  const lease = new Lease(store, claim.holder, SETTINGS, clock, () => undefined);
  lease.begin();
  return {
    clock,
    lease,
    next: async () => (await store.claim({ ...HOP, seq: 2, hopId: 'y' }, terms)).kind,
    away: () => {
      store.extend = () => Promise.reject(new Error('the store is away'));
    },
    kept: async () => {
      const again = await store.claim(HOP, terms);
      return again.kind === 'busy' ? again.forMs : 0;
    },
  };
}

describe('a lease', () => {
  it('is renewed while its hop is at work, and not after', async () => {
    const { clock, lease, kept } = await atWork();
    await clock.advance(300_000);
    expect(await kept()).toBe(60_000);
    lease.end();
    await clock.advance(50_000);
    expect(await kept()).toBe(10_000);
  });

  it('that covers a long step covers it whatever becomes of the heartbeats: none makes it shorter', async () => {
    const { clock, lease, away, kept } = await atWork();
    await lease.cover(600_000);
    await clock.advance(20_000);
    away();
    await clock.advance(570_000);
    expect(await kept()).toBeGreaterThan(0);
  });

  it('keeps the next message out no longer once its overdue handler has settled, also while its hop is at work', async () => {
    const { lease, next } = await atWork();
    let settle = (): void => undefined;
    await lease.uphold(new Promise((resolve) => (settle = resolve)));
    expect(await next()).toBe('busy');
    settle();
    await new Promise(setImmediate);
    expect(await next()).toBe('granted');
  });

  it('still covers what its hop does beside an overdue handler; that alone is upheld for short whiles', async () => {
    const { clock, lease, kept } = await atWork();
    await lease.cover(600_000);
    let settle = (): void => undefined;
    await lease.uphold(new Promise((resolve) => (settle = resolve)));
    expect(await kept()).toBeGreaterThan(600_000);
    lease.end();
    await clock.advance(10);
    expect(await kept()).toBeLessThanOrEqual(3_000);
    await clock.advance(60_000);
    expect(await kept()).toBeGreaterThan(0);
    settle();
    await clock.advance(10);
    expect(await kept()).toBe(0);
  });
});
