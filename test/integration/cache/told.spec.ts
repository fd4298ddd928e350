import { beforeEach, describe, expect, it } from '@jest/globals';
import type { CacheEvent } from '../../../libs/orchestrator/src/cache/cache.event.js';
import type { CacheOptions } from '../../../libs/orchestrator/src/cache/cache.options.js';
import { StepCache } from '../../../libs/orchestrator/src/cache/step-cache.js';
import type { WorkflowEvent } from '../../../libs/orchestrator/src/events/workflow.event.js';
import { asking } from '../../support/ask.js';
import { FickleCoherence } from '../../support/fickle-coherence.js';
import { Ledger } from '../../support/ledger.js';
import { alpha, boot, services } from '../../support/services.js';
import { until } from '../../support/until.js';

/** What the cache tells of itself: every hit, miss and purge, and the writers that nobody declared. */

const ask = asking(alpha);
const acme = { tenantId: 'acme' };
let ledger: Ledger;
let events: CacheEvent[];
let coherence: FickleCoherence;
beforeEach(() => {
  [ledger, events, coherence] = [new Ledger({ a: 1, b: 1 }), [], new FickleCoherence()];
});

async function bootLedger(more: CacheOptions = {}): Promise<void> {
  const { reads, mutates = {} } = ledger.operations;
  const operations = {
    reads: { ...reads, never: () => 1, login: () => 1, nothing: () => undefined, large: () => 'x'.repeat(100) },
    mutates,
    sensitive: { login: ['password'] },
  };
  const cache = { coherence: coherence.definition, ...more };
  const declared = { ...Ledger.DECLARED, never: { cache: false } };
  await boot({ alpha: operations }, { operations: declared, retry: { maxAttempts: 1 }, cache });
  cacheOf().events$.subscribe((event) => events.push(event));
}
const cacheOf = (): StepCache => services.app.get(StepCache, { strict: false });
const get = (id = 'a'): Promise<unknown> => ask('get', { id }, acme);
const put = (value: number): Promise<unknown> => ask('put', { id: 'a', value }, acme);

describe('events and counters', () => {
  it('tell of each miss, fill, hit, bypass and purge, and why', async () => {
    await bootLedger({ maxEntryBytes: 50 });
    await get();
    await get();
    await put(2);
    await get();
    for (const operation of ['never', 'login', 'nothing', 'large']) await ask(operation, {}, acme);
    expect(events.map(({ type, operation, reason }) => [type, operation, reason])).toEqual([
      ['miss', 'get', 'not stored'],
      ['fill', 'get', null],
      ['hit', 'get', null],
      ['bypass', 'put', 'it changes something'],
      ['purge', 'put', null],
      ['miss', 'get', 'purged'],
      ['fill', 'get', null],
      ['bypass', 'never', 'the operation says cache: false'],
      ['bypass', 'login', 'its input holds secrets'],
      ['miss', 'nothing', 'not stored'],
      ['bypass', 'nothing', 'there is no answer, or it is no JSON'],
      ['miss', 'large', 'not stored'],
      ['bypass', 'large', 'the answer is too large'],
    ]);
    expect(cacheOf().counters()).toMatchObject({
      get: { miss: 2, fill: 2, hit: 1, bypass: 0, purge: 0, difference: 0 },
      put: { miss: 0, fill: 0, hit: 0, bypass: 1, purge: 1, difference: 0 },
    });
  });

  it('tell which step it was, and nothing that it was given or answered', async () => {
    await bootLedger();
    ledger.rows.set('a', 'an answer');
    await ask('get', { id: 'a', more: 'an input' }, { ...acme, workflowId: 'w' });
    expect(events[0]).toEqual({
      v: 1,
      type: 'miss',
      service: 'alpha',
      operation: 'get',
      reason: 'not stored',
      tags: [],
      context: 'workflow',
      workflow_id: 'w',
      path: 's',
      at: '2030-01-01T00:00:00.000Z',
    });
    expect(events[1]).toMatchObject({ type: 'fill', tags: expect.arrayContaining(['t:acme/alpha/row/a']) as never });
    expect(JSON.stringify(events)).not.toMatch(/an answer|an input/);
  });

  it('tell of a purge that no operation made', async () => {
    await bootLedger();
    await cacheOf().mutation({ resource: 'row' }, () => undefined);
    expect(events).toMatchObject([{ type: 'purge', operation: null, context: 'code', workflow_id: null }]);
    expect(cacheOf().counters()['']).toMatchObject({ purge: 1 });
  });

  it('tell of no purge that was not made', async () => {
    await bootLedger();
    coherence.purging = 'refuses';
    await expect(cacheOf().mutation({ resource: 'row' }, () => undefined)).rejects.toThrow();
    expect(events).toEqual([]);
  });

  it('of a run tell how each step was answered', async () => {
    await bootLedger();
    const answered: unknown[] = [];
    alpha().events$.subscribe(({ type, cache }: WorkflowEvent) => {
      if (type === 'step_completed') answered.push(cache);
    });
    await get();
    await get();
    await put(2);
    await ask('never', {}, acme);
    expect(answered).toEqual(['miss', 'hit', 'bypass', 'bypass']);
  });
});

describe('verifySampleRate', () => {
  it('finds a writer that nobody declared: it tells of the difference, and answers as it is now', async () => {
    await bootLedger({ verifySampleRate: 1 });
    await get();
    expect(await get()).toBe(1);
    expect(cacheOf().counters()['get']).toMatchObject({ hit: 1, difference: 0 });
    ledger.rows.set('a', 2);
    expect(await get()).toBe(2);
    expect(events.at(-1)).toMatchObject({
      type: 'difference',
      operation: 'get',
      tags: expect.arrayContaining(['t:acme/alpha/row/a']) as never,
    });
  });

  it('reports no difference that a declared writer made meanwhile', async () => {
    await bootLedger({ verifySampleRate: 1 });
    await get();
    ledger.rows.set('a', 3);
    ledger.hold();
    const { reads } = ledger;
    const checked = get();
    await until(() => ledger.reads > reads);
    await put(2);
    ledger.release();
    await checked;
    expect(cacheOf().counters()['get']).toMatchObject({ hit: 1, difference: 0 });
  });

  it('of nothing, which is the default, executes no hit', async () => {
    await bootLedger();
    for (let time = 0; time < 20; time += 1) await get();
    expect(ledger.reads).toBe(1);
  });

  it('fails no step whose check fails', async () => {
    let calls = 0;
    const flaky = (): number => {
      if ((calls += 1) > 1) throw new Error('the second time');
      return calls;
    };
    await boot({ alpha: { reads: { flaky } } }, { cache: { verifySampleRate: 1 } });
    await ask('flaky');
    expect(await ask('flaky')).toBe(1);
    expect(calls).toBe(2);
  });
});
