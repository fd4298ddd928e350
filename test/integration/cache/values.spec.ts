import { describe, expect, it } from '@jest/globals';
import { Keyv } from 'keyv';
import type { CacheEvent } from '../../../libs/orchestrator/src/cache/cache.event.js';
import type { CacheOptions } from '../../../libs/orchestrator/src/cache/cache.options.js';
import { StepCache } from '../../../libs/orchestrator/src/cache/step-cache.js';
import type { TestOperation } from '../../../libs/orchestrator/src/testing/service-of.js';
import { asking } from '../../support/ask.js';
import { FarStore } from '../../support/far-store.js';
import { Ledger } from '../../support/ledger.js';
import { alpha, boot, cookbook, services, task } from '../../support/services.js';

/** What is stored is what was answered: every value, and nothing that somebody made of it later. */

const ask = asking(alpha);

/** An operation `get`, and how often it was executed. */
async function bootGet(get: TestOperation, cache: CacheOptions = {}): Promise<{ readonly calls: () => number }> {
  let calls = 0;
  const counted: TestOperation = (input, context) => ((calls += 1), get(input, context));
  await boot({ alpha: { reads: { get: counted } } }, { retry: { maxAttempts: 1 }, cache });
  return { calls: () => calls };
}

describe('an answer', () => {
  it.each([[null], [0], [''], [false], [[]], [{}], [{ a: null }], ['text'], [1.5]])(
    'of %j is cached as it is',
    async (value) => {
      const { calls } = await bootGet(() => value);
      for (let time = 0; time < 3; time += 1) expect(await ask('get')).toEqual(value);
      expect(calls()).toBe(1);
    },
  );

  it('of nothing is not cached: the operation is executed again', async () => {
    const { calls } = await bootGet(() => undefined);
    for (let time = 0; time < 3; time += 1) await ask('get');
    expect(calls()).toBe(3);
  });

  it.each<[string, () => unknown]>([
    ['bytes', () => Buffer.from('a')],
    ['a map', () => new Map([['a', 1]])],
    ['a map within', () => ({ rows: [new Map([['a', 1]])] })],
    ['a set', () => ({ names: new Set(['a']) })],
    ['a function', () => ({ name: () => 'a' })],
  ])('with %s is not cached: JSON would make something else of it', async (_, answer) => {
    const { calls } = await bootGet(answer);
    const first = await ask('get');
    expect(await ask('get')).toEqual(first);
    expect(calls()).toBe(2);
  });

  it('with a date is the text that the next step would see, also from the cache', async () => {
    const { calls } = await bootGet(() => ({ at: new Date(0) }));
    for (let time = 0; time < 2; time += 1) expect(await ask('get')).toEqual({ at: '1970-01-01T00:00:00.000Z' });
    expect(calls()).toBe(1);
  });

  it.each([
    [100, true],
    [101, false],
  ])('of %i bytes, where 100 are allowed, is stored: %s', async (bytes, stored) => {
    const { calls } = await bootGet(() => `é${'x'.repeat(bytes - 4)}`, { maxEntryBytes: 100 });
    const first = await ask('get');
    expect(Buffer.byteLength(JSON.stringify(first))).toBe(bytes);
    expect(await ask('get')).toBe(first);
    expect(calls()).toBe(stored ? 1 : 2);
  });

  it('of more than 64 kB is not stored, unless an option says so', async () => {
    const { calls } = await bootGet(() => 'x'.repeat(65_536));
    await ask('get');
    await ask('get');
    expect(calls()).toBe(2);
  });

  it('is served for as long as its operation says, else its module', async () => {
    const calls: string[] = [];
    const reads = { quick: () => calls.push('quick'), slow: () => calls.push('slow') };
    await boot({ alpha: { reads } }, { operations: { quick: { cache: { ttl: '1s' } } }, cache: { ttl: '1m' } });
    const both = (): Promise<unknown> => Promise.all([ask('quick'), ask('slow')]);
    await both();
    await services.clock.advance(999);
    await both();
    expect(calls).toEqual(['quick', 'slow']);
    await services.clock.advance(1);
    await both();
    expect(calls).toEqual(['quick', 'slow', 'quick']);
    await services.clock.advance(59_000);
    await both();
    expect(calls.slice(3).sort()).toEqual(['quick', 'slow']);
  });
});

describe('a value that somebody changes', () => {
  it('who returned it is cached as it was returned', async () => {
    const kept = { rows: [1], name: 'a' };
    await bootGet(() => kept);
    await ask('get');
    kept.rows.push(2);
    kept.name = 'b';
    expect(await ask('get')).toEqual({ rows: [1], name: 'a' });
  });

  it('who was given it is no one else’s: the next one is given what was stored', async () => {
    const seen: unknown[] = [];
    const change = (input: { rows: number[] }): void => {
      seen.push(structuredClone(input));
      input.rows.push(9);
    };
    await boot({ alpha: { reads: { get: () => ({ rows: [1] }) }, mutates: { change } } });
    const document = cookbook(
      task('a', 'alpha', 'get'),
      task('b', 'alpha', 'change', '{{steps.a.output}}'),
      task('c', 'alpha', 'get'),
    );
    for (let time = 0; time < 2; time += 1) {
      expect(await services.run('alpha', document)).toMatchObject({ output: { rows: [1] } });
    }
    expect(seen).toEqual([{ rows: [1] }, { rows: [1] }]);
  });

  it('who waited for the same execution is no one else’s', async () => {
    const ledger = new Ledger({ a: { rows: [1] } });
    const taken: { rows: number[] }[] = [];
    const spoil = (given: { rows: number[] }): number => (taken.push(given), given.rows.push(9));
    const operations = ledger.operations;
    await boot({ alpha: { ...operations, mutates: { spoil } } }, { retry: { maxAttempts: 1 } });
    ledger.hold();
    const document = cookbook(
      task('a', 'alpha', 'get', { id: 'a' }),
      task('b', 'alpha', 'spoil', '{{steps.a.output}}'),
    );
    const runs = await Promise.all([alpha().start(document), alpha().start(document)]);
    await services.clock.advance(0);
    ledger.release();
    for (const { workflowId } of runs) expect(await alpha().result(workflowId)).toMatchObject({ output: 2 });
    expect(ledger.reads).toBe(1);
    expect(taken).toHaveLength(2);
  });
});

interface Stored {
  readonly value: Record<string, unknown> & { tags: unknown[]; tokens: unknown[] };
}

/** What a store might come to hold under a key: by another version, another writer, or a fault. */
const SPOILED: readonly (readonly [string, (stored: Stored) => unknown])[] = [
  ['no JSON', () => '{"value":{"v":1'],
  ['an empty text', () => ''],
  ['a number', () => 7],
  ['a list', () => []],
  ['no value', () => ({})],
  ['null', () => ({ value: null })],
  ['false', () => ({ value: false })],
  ['a text', () => ({ value: 'v1' })],
  ['a list of entries', ({ value }) => ({ value: [value] })],
  ['an entry of version 2', ({ value }) => ({ value: { ...value, v: 2 } })],
  ['an entry of version "1"', ({ value }) => ({ value: { ...value, v: '1' } })],
  ['an entry of no version', ({ value: { v: _, ...value } }) => ({ value })],
  ['an answer that is no text', ({ value }) => ({ value: { ...value, json: 5 } })],
  ['an answer that is half a JSON', ({ value }) => ({ value: { ...value, json: '{"a":' } })],
  ['an empty answer', ({ value }) => ({ value: { ...value, json: '' } })],
  ['no tokens', ({ value: { tokens: _, ...value } }) => ({ value })],
  ['a token too few', ({ value }) => ({ value: { ...value, tokens: value.tokens.slice(1) } })],
  ['no token', ({ value }) => ({ value: { ...value, tokens: [] } })],
  ['empty tokens', ({ value }) => ({ value: { ...value, tokens: value.tokens.map(() => '') } })],
  ['null as tokens', ({ value }) => ({ value: { ...value, tokens: value.tokens.map(() => null) } })],
  ['tokens in another order', ({ value }) => ({ value: { ...value, tokens: value.tokens.toReversed() } })],
  ['no tags', ({ value: { tags: _, ...value } }) => ({ value })],
  ['neither tags nor tokens', ({ value }) => ({ value: { ...value, tags: [], tokens: [] } })],
  ['fewer tags than are declared', ({ value }) => fewer(value, 1)],
  ['not the tag of its row', ({ value: { tags, tokens, ...value } }) => fewer({ ...value, tags, tokens }, tags.length - 1)], // prettier-ignore
  ['not the tags of its service', ({ value: { tags, tokens, ...value } }) => ({ value: { ...value, tags: tags.slice(1), tokens: tokens.slice(1) } })], // prettier-ignore
  ['tags that are numbers', ({ value }) => ({ value: { ...value, tags: value.tags.map(() => 1) } })],
  ['an end that is no time', ({ value }) => ({ value: { ...value, until: 'tomorrow' } })],
  ['no end', ({ value: { until: _, ...value } }) => ({ value })],
  ['an end that is over', ({ value }) => ({ value: { ...value, until: 1 } })],
];

const fewer = ({ tags, tokens, ...value }: Stored['value'], kept: number): unknown => ({
  value: { ...value, tags: tags.slice(0, kept), tokens: tokens.slice(0, kept) },
});

/** A store of the test's own, and what it holds: within the process, and outside of it. */
const STORES: readonly (readonly [string, () => { readonly keyv: Keyv; readonly values: Map<string, unknown> }])[] = [
  ['in this process', () => { const values = new Map<string, unknown>(); return { keyv: new Keyv({ store: values }), values }; }],
  ['far away', () => { const store = new FarStore(); return { keyv: store.keyv(), values: store.values }; }],
]; // prettier-ignore

describe.each(STORES)('what a store %s holds that is no entry', (_, create) => {
  it.each(SPOILED)('is a miss, %s: the step is executed, and its answer stored anew', async (__, spoil) => {
    const ledger = new Ledger({ a: 1 });
    const { keyv, values } = create();
    const cache = { stores: keyv };
    await boot({ alpha: ledger.operations }, { operations: Ledger.DECLARED, retry: { maxAttempts: 1 }, cache });
    expect(await ask('get', { id: 'a' })).toBe(1);
    expect(values.size).toBe(1);
    for (const [key, text] of values) {
      const spoiled = spoil(JSON.parse(String(text)) as Stored);
      values.set(key, typeof spoiled === 'string' ? spoiled : JSON.stringify(spoiled));
    }
    ledger.rows.set('a', 2); // nobody says so: only who executes sees it
    const events: CacheEvent[] = [];
    services.app.get(StepCache, { strict: false }).events$.subscribe((event) => events.push(event));
    expect(await ask('get', { id: 'a' })).toBe(2);
    expect(await ask('get', { id: 'a' })).toBe(2);
    expect(ledger.reads).toBe(2);
    expect(events.map(({ type }) => type)).toEqual(['miss', 'fill', 'hit']);
  });
});
