import { describe, expect, it } from '@jest/globals';
import { createCache } from 'cache-manager';
import { Keyv } from 'keyv';
import { Entries } from '../../../libs/orchestrator/src/cache/entries.js';
import { VirtualClock } from '../../../libs/orchestrator/src/testing/virtual-clock.js';
import { FarStore, type Mood } from '../../support/far-store.js';
import { until } from '../../support/until.js';

const KEY = 'workflow:step:crm:customer';
const TTL = 60_000;
const WITHIN = 50;

const inMood = (mood: Mood): FarStore => Object.assign(new FarStore(), { mood });
const keyvOf = (store: FarStore | Map<string, unknown>): Keyv =>
  store instanceof FarStore ? store.keyv() : new Keyv({ store, useKeyPrefix: false, throwOnErrors: true });

/** Entries over these stores, the nearest first. */
function entriesOver(clock: VirtualClock, ...stores: readonly (FarStore | Map<string, unknown>)[]): Entries {
  const entries = new Entries(() => createCache({ stores: stores.map(keyvOf) }), WITHIN, clock);
  entries.open();
  return entries;
}

/** What a promise comes to while a store is waited for. */
async function after<T>(clock: VirtualClock, ms: number, promise: Promise<T>): Promise<T> {
  await clock.advance(ms);
  return promise;
}

/** Keyv knows no clock of ours: it drops what is old by the system's. */
const clockOfKeyv = (): VirtualClock => new VirtualClock(Date.now());
const entry = (clock: VirtualClock, ttl = TTL): { readonly json: string; readonly until: number } => ({
  json: '1',
  until: clock.now() + ttl,
});

describe('entries', () => {
  it('are a miss before they are open, and nothing is kept', async () => {
    const clock = clockOfKeyv();
    const entries = new Entries(() => createCache(), WITHIN, clock);
    expect(await entries.set(KEY, entry(clock), TTL)).toBe(false);
    expect(await entries.get(KEY)).toBeUndefined();
  });

  it('are given back as they were kept', async () => {
    const clock = clockOfKeyv();
    const entries = entriesOver(clock, new Map());
    expect(await entries.get(KEY)).toBeUndefined();
    expect(await entries.set(KEY, entry(clock), TTL)).toBe(true);
    expect(await entries.get(KEY)).toEqual(entry(clock));
    expect(await entries.get(`${KEY}2`)).toBeUndefined();
  });

  it('are kept no longer than their ttl', async () => {
    const clock = clockOfKeyv();
    const entries = entriesOver(clock, new Map());
    await entries.set(KEY, entry(clock), 1);
    await until(async () => (await entries.get(KEY)) === undefined);
  });
});

describe('entries in tiers', () => {
  it('are kept in each, and taken from the nearest', async () => {
    const clock = clockOfKeyv();
    const [near, far] = [new FarStore(), new FarStore()];
    const entries = entriesOver(clock, near, far);
    await entries.set(KEY, entry(clock), TTL);
    expect([near.values.size, far.values.size]).toEqual([1, 1]);
    await entries.get(KEY);
    expect([near.calls, far.calls]).toEqual([['set', 'get'], ['set']]);
  });

  it('come nearer when they were far, for the time that is left', async () => {
    const clock = clockOfKeyv();
    const [near, middle, far] = [new Map<string, unknown>(), new FarStore(), new FarStore()];
    await entriesOver(clock, far).set(KEY, entry(clock), TTL);
    await clock.advance(20_000);
    const entries = entriesOver(clock, near, middle, far);
    expect(await entries.get(KEY)).toMatchObject({ json: '1' });
    for (const kept of [near, middle.values]) {
      const { expires } = JSON.parse(String(kept.get(KEY))) as { expires: number };
      expect(expires - Date.now()).toBeLessThanOrEqual(TTL - 20_000);
      expect(expires - Date.now()).toBeGreaterThan(0);
    }
    await entries.get(KEY);
    expect(far.calls).toEqual(['set', 'get']);
  });

  it('stay where they are when they are too old, or when nobody knows how old', async () => {
    const clock = clockOfKeyv();
    for (const stored of [entry(clock, -1), entry(clock, 0), { json: '1' }, { until: 'tomorrow' }]) {
      const [near, far] = [new Map<string, unknown>(), new FarStore()];
      await keyvOf(far).set(KEY, stored, TTL);
      expect(await entriesOver(clock, near, far).get(KEY)).toEqual(stored);
      expect(near.size).toBe(0);
    }
  });

  it.each(['text', 7, true, ['a']])(
    'are looked for further away where the nearest holds what is none: %p',
    async (odd) => {
      const clock = clockOfKeyv();
      const [near, far] = [new Map<string, unknown>(), new FarStore()];
      await keyvOf(near).set(KEY, odd, TTL);
      expect(await entriesOver(clock, near, far).get(KEY)).toBeUndefined();
      await keyvOf(far).set(KEY, entry(clock), TTL);
      expect(await entriesOver(clock, near, far).get(KEY)).toEqual(entry(clock));
    },
  );

  it('come from a far store while the nearer is down, and go there alone', async () => {
    const clock = clockOfKeyv();
    const far = new FarStore();
    const entries = entriesOver(clock, inMood('refuses'), far);
    expect(await entries.set(KEY, entry(clock), TTL)).toBe(true);
    expect(await entries.get(KEY)).toEqual(entry(clock));
  });
});

describe('a store in trouble', () => {
  it.each<Mood>(['refuses', 'hangs'])('is a miss for its entries, and keeps nothing: one that %s', async (mood) => {
    const clock = clockOfKeyv();
    const entries = entriesOver(clock, inMood(mood));
    expect(await after(clock, WITHIN, entries.get(KEY))).toBeUndefined();
    expect(await after(clock, WITHIN, entries.set(KEY, entry(clock), TTL))).toBe(false);
  });

  it('is asked no more while its breaker is open, and the others are', async () => {
    const clock = clockOfKeyv();
    const [near, far] = [inMood('refuses'), new FarStore()];
    const entries = entriesOver(clock, near, far);
    await entries.set(KEY, entry(clock), TTL);
    for (let read = 0; read < 10; read += 1) expect(await entries.get(KEY)).toEqual(entry(clock));
    expect(near.asked).toBe(3);
    expect(far.calls.filter((what) => what === 'get')).toHaveLength(10);
  });

  it('holds up only what waits for it: entries in memory are given at once', async () => {
    const clock = clockOfKeyv();
    const entries = entriesOver(clock, new Map(), inMood('hangs'));
    void entries.set(KEY, entry(clock), TTL);
    await clock.advance(0);
    expect(await entries.get(KEY)).toEqual(entry(clock)); // while no time passes
  });

  it('is waited for with a timer only where it is outside the process', async () => {
    const clock = clockOfKeyv();
    void entriesOver(clock, new Map()).get(KEY);
    expect(clock.pending).toBe(0);
    const answer = entriesOver(clock, new FarStore()).get(KEY);
    expect(clock.pending).toBe(1);
    await answer;
    expect(clock.pending).toBe(0);
  });

  it.each(['no JSON', '{"value":', '7', 'null', '"text"', '[]'])(
    'is a miss where it holds what nobody can read, in this process too: %s',
    async (raw) => {
      const clock = clockOfKeyv();
      const [near, far] = [new Map<string, unknown>([[KEY, raw]]), new FarStore()];
      far.values.set(KEY, raw);
      expect(await entriesOver(clock, near).get(KEY)).toBeUndefined();
      expect(await entriesOver(clock, far).get(KEY)).toBeUndefined();
    },
  );

  it('is never cleared: it may be somebody else’s', async () => {
    const clock = clockOfKeyv();
    const stores = [new FarStore(), inMood('refuses'), new FarStore()];
    const entries = entriesOver(clock, ...stores);
    for (let round = 0; round < 5; round += 1) {
      await entries.set(`${KEY}${round}`, entry(clock), TTL);
      await entries.get(`${KEY}${round}`);
      await entries.get('nothing');
    }
    expect(new Set(stores.flatMap(({ calls }) => calls))).toEqual(new Set(['set', 'get']));
  });
});
