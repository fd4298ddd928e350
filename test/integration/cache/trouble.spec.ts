import { beforeEach, describe, expect, it } from '@jest/globals';
import { Keyv } from 'keyv';
import type { CacheCounters } from '../../../libs/orchestrator/src/cache/cache.event.js';
import type { CacheOptions } from '../../../libs/orchestrator/src/cache/cache.options.js';
import { StepCache } from '../../../libs/orchestrator/src/cache/step-cache.js';
import { asking } from '../../support/ask.js';
import { FarStore } from '../../support/far-store.js';
import { FickleCoherence } from '../../support/fickle-coherence.js';
import { Ledger } from '../../support/ledger.js';
import { alpha, boot, services } from '../../support/services.js';

/** The store or the tokens down, slow or back again: a step is executed, and never fails of that. */

const ask = asking(alpha);
let ledger: Ledger;
let far: FarStore;
beforeEach(() => {
  [ledger, far] = [new Ledger({ a: 1, b: 1 }), new FarStore()];
});

const bootLedger = (cache: CacheOptions): Promise<void> =>
  boot({ alpha: ledger.operations }, { operations: Ledger.DECLARED, retry: { maxAttempts: 1 }, cache });

/** What a step answers, and how many milliseconds it takes: time moves on for as long as it waits. */
async function timed(id: string): Promise<{ readonly answer: unknown; readonly ms: number }> {
  const began = services.clock.monotonic();
  const answers: unknown[] = [];
  const asked = ask('get', { id }).then((answer) => answers.push(answer));
  for (let ms = 0; answers.length === 0 && ms < 10_000; ms += 10) await services.clock.advance(ms === 0 ? 0 : 10);
  await asked;
  return { answer: answers[0], ms: services.clock.monotonic() - began };
}

const get = (): Promise<unknown> => ask('get', { id: 'a' });
const counters = (): CacheCounters | undefined => services.app.get(StepCache, { strict: false }).counters()['get'];

describe('a store that is down', () => {
  it.each([
    ['says so', true],
    ['is silent about it', false],
  ])('and %s lets every read be executed, and none fail', async (_, throws) => {
    await bootLedger({ stores: far.keyv(throws) });
    far.mood = 'refuses';
    for (const read of [1, 2, 3, 4, 5]) {
      expect(await get()).toBe(1);
      expect(ledger.reads).toBe(read);
    }
  });

  it('is asked no more after three failures in a row, until a second later one call tries it', async () => {
    await bootLedger({ stores: far.keyv() });
    far.mood = 'refuses';
    for (let time = 0; time < 5; time += 1) await get();
    expect(far.asked).toBe(3);
    await services.clock.advance(1_000);
    for (let time = 0; time < 5; time += 1) await get();
    expect(far.asked).toBe(4);
    await services.clock.advance(1_000);
    far.mood = 'well';
    await get();
    await get();
    expect(ledger.reads).toBe(11); // the last one was answered from it
  });

  it('leaves a nearer one as it is: what that holds is served', async () => {
    await bootLedger({ stores: [new Keyv(), far.keyv()] });
    far.mood = 'refuses';
    for (let time = 0; time < 3; time += 1) expect(await get()).toBe(1);
    expect(ledger.reads).toBe(1);
    await ask('put', { id: 'a', value: 2 });
    expect(await get()).toBe(2);
  });

  it('and comes back with what it held then serves nothing that was changed meanwhile', async () => {
    await bootLedger({ stores: far.keyv() });
    await get();
    far.mood = 'refuses';
    await ask('put', { id: 'a', value: 2 });
    far.mood = 'well';
    expect(await get()).toBe(2);
  });
});

describe('a store that does not answer', () => {
  it('holds a step up for 50 ms twice at most: to ask it, and to tell it', async () => {
    await bootLedger({ stores: far.keyv() });
    far.mood = 'hangs';
    const { answer, ms } = await timed('a');
    expect(answer).toBe(1);
    expect(ms).toBeGreaterThanOrEqual(50);
    expect(ms).toBeLessThanOrEqual(120);
  });

  it('for longer than the option says holds nobody up once it has failed three times', async () => {
    await bootLedger({ stores: far.keyv(), timeout: 20 });
    far.mood = 'hangs';
    await timed('a');
    await timed('a');
    expect((await timed('a')).ms).toBe(0);
  });
});

describe('a farther store', () => {
  it('fills the nearer one with what it has', async () => {
    const near = new FarStore();
    await bootLedger({ stores: [near.keyv(), far.keyv()] });
    await get();
    near.values.clear();
    await get();
    expect(near.values.size).toBe(1);
    far.values.clear();
    expect(await get()).toBe(1);
    expect(ledger.reads).toBe(1);
  });

  it('fills the nearer one with nothing that is old: it is not served from there either', async () => {
    const near = new FarStore();
    await bootLedger({ stores: [near.keyv(), far.keyv()] });
    await get();
    near.values.clear();
    await ask('put', { id: 'a', value: 2 });
    expect(await get()).toBe(2);
    expect(await get()).toBe(2);
  });
});

describe.each([
  ['in this process', false],
  ['that processes share', true],
])('tokens %s that cannot be read', (_, shared) => {
  it('let every read be executed, and nothing be stored', async () => {
    const coherence = new FickleCoherence(shared);
    await bootLedger({ coherence: coherence.definition });
    await get();
    coherence.reading = 'refuses';
    ledger.rows.set('a', 2);
    for (const read of [2, 3]) {
      expect(await get()).toBe(2);
      expect(ledger.reads).toBe(read);
    }
    expect(counters()).toMatchObject({ fill: 1, hit: 0, bypass: 2 });
  });

  it('are read again when they can be: a mutation of meanwhile is seen', async () => {
    const coherence = new FickleCoherence(shared);
    await bootLedger({ coherence: coherence.definition });
    await get();
    coherence.reading = 'refuses';
    await ask('put', { id: 'a', value: 2 });
    coherence.reading = 'well';
    expect(await get()).toBe(2);
    expect(await get()).toBe(2);
    expect(ledger.reads).toBe(2);
  });
});

describe('tokens that do not answer', () => {
  it.each([true, false])('hold a read up for 50 ms, and it is executed: shared by processes, %s', async (shared) => {
    const coherence = new FickleCoherence(shared);
    await bootLedger({ coherence: coherence.definition });
    coherence.reading = 'hangs';
    const { answer, ms } = await timed('a');
    expect(answer).toBe(1);
    expect(ms).toBeLessThanOrEqual(60);
    await timed('a');
    await timed('a');
    expect((await timed('a')).ms).toBe(0);
  });

  it('never let a read join an execution of which nobody knows the tokens', async () => {
    const coherence = new FickleCoherence(true);
    await bootLedger({ coherence: coherence.definition });
    coherence.reading = 'refuses';
    ledger.hold();
    const early = get();
    await services.clock.advance(0);
    await ask('put', { id: 'a', value: 2 });
    coherence.reading = 'well';
    const late = get();
    await services.clock.advance(0);
    ledger.release();
    expect([await early, await late]).toEqual([1, 2]);
  });
});
