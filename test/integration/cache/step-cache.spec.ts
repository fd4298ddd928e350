import { beforeEach, describe, expect, it } from '@jest/globals';
import type { CacheEvent } from '../../../libs/orchestrator/src/cache/cache.event.js';
import { StepCache } from '../../../libs/orchestrator/src/cache/step-cache.js';
import type { OperationEntries } from '../../../libs/orchestrator/src/operations/operations-file.js';
import { asking } from '../../support/ask.js';
import { deferred } from '../../support/deferred.js';
import { FickleCoherence } from '../../support/fickle-coherence.js';
import { Ledger } from '../../support/ledger.js';
import { alpha, boot, services } from '../../support/services.js';

/** What the cache does for code: it purges what that changes, and explains what it would do with a step. */

const ask = asking(alpha);
const acme = { tenantId: 'acme' };
let ledger: Ledger;
let coherence: FickleCoherence;
beforeEach(() => {
  [ledger, coherence] = [new Ledger({ a: 1, b: 1 }), new FickleCoherence()];
});

const DECLARED: OperationEntries = { ...Ledger.DECLARED, never: { cache: false } };

async function bootLedger(cache = true): Promise<void> {
  const { reads, mutates } = ledger.operations;
  const operations = {
    reads: { ...reads, never: () => 1, login: () => 1 },
    mutates: { ...mutates, anything: () => 1 },
    sensitive: { login: ['password'] },
  };
  const settings = cache && { coherence: coherence.definition };
  await boot({ alpha: operations }, { operations: DECLARED, retry: { maxAttempts: 1 }, cache: settings });
}
const cacheOf = (): StepCache => services.app.get(StepCache, { strict: false });
const get = (id = 'a', caller: object = acme): Promise<unknown> => ask('get', { id }, caller);

/** Whether a read is executed, and not answered from the cache. */
async function isExecuted(read: () => Promise<unknown>): Promise<boolean> {
  const { reads } = ledger;
  await read();
  return ledger.reads > reads;
}

describe('StepCache.mutation()', () => {
  const change = (): string => {
    ledger.rows.set('a', 2);
    return 'changed';
  };

  it('purges what it names, before it resolves with what the work came to', async () => {
    await bootLedger();
    await get();
    await get('b');
    expect(await cacheOf().mutation({ resource: 'row', id: 'a' }, change, { caller: acme })).toBe('changed');
    expect(await get()).toBe(2);
    expect(await isExecuted(() => get('b'))).toBe(false);
  });

  it.each<[string, () => Promise<never>]>([
    ['at once', () => { throw new Error('half-way'); }],
    ['later', () => Promise.reject(new Error('half-way'))],
  ])('purges also when the work fails, %s', async (_, fail) => {
    await bootLedger();
    await get();
    const work = (): Promise<never> => {
      change();
      return fail();
    };
    await expect(cacheOf().mutation({ resource: 'row', id: 'a' }, work)).rejects.toThrow('half-way');
    expect(await get()).toBe(2);
  }); // prettier-ignore

  it('is not over before the work is: what is read meanwhile is not served after it', async () => {
    await bootLedger();
    const working = deferred();
    const mutation = cacheOf().mutation({ resource: 'row' }, async () => {
      await working.promise;
      change();
    });
    expect(await get()).toBe(1);
    working.resolve();
    await mutation;
    expect(await get()).toBe(2);
  });

  it.each<[string, Parameters<StepCache['mutation']>[0], readonly string[]]>([
    ['an instance', { resource: 'row', id: 'a' }, ['a', 'list']],
    ['an instance with a number for an id', { resource: 'row', id: 7 }, ['7', 'list']],
    ['a resource', { resource: 'row' }, ['a', 'b', '7', 'list']],
    [
      'several',
      [
        { resource: 'row', id: 'a' },
        { resource: 'row', id: 'b' },
      ],
      ['a', 'b', 'list'],
    ],
    ['another resource', { resource: 'other' }, []],
    ['anything', [], ['a', 'b', '7', 'list']],
  ])('of %s purges that', async (_, changes, purged) => {
    await bootLedger();
    const executed = async (): Promise<string[]> => {
      const names: string[] = [];
      for (const id of ['a', 'b', '7']) if (await isExecuted(() => get(id))) names.push(id);
      if (await isExecuted(() => ask('list', {}, acme))) names.push('list');
      return names;
    };
    await executed();
    await cacheOf().mutation(changes, () => undefined);
    expect(await executed()).toEqual(purged);
  });

  it('is everybody’s unless it says for whom', async () => {
    await bootLedger();
    const executed = async (): Promise<boolean[]> => {
      const told: boolean[] = [];
      for (const caller of [acme, { tenantId: 'zeta' }, {}]) told.push(await isExecuted(() => get('a', caller)));
      return told;
    };
    await executed();
    await cacheOf().mutation({ resource: 'row' }, change);
    expect(await executed()).toEqual([true, true, true]);
    await cacheOf().mutation({ resource: 'row' }, change, { caller: acme });
    expect(await executed()).toEqual([true, false, true]);
  });

  it.each<[string, unknown, string]>([
    ['another’s user', { userId: 7 }, '(got userId)'],
    ['no number', { tenantId: Number.NaN }, 'tenantId of the caller must be'],
    ['an empty text', { personId: '' }, 'personId of the caller must be'],
  ])('for a caller that is none, %s, refuses, and does nothing; explain() refuses it too', async (_, caller, why) => {
    await bootLedger();
    let done = false;
    const mutation = cacheOf().mutation({ resource: 'row' }, () => (done = true), { caller: caller as object });
    await expect(mutation).rejects.toThrow(why);
    await expect(cacheOf().explain('get', { id: 'a' }, caller as object)).rejects.toThrow(TypeError);
    expect(done).toBe(false);
  });

  const noWork = (): undefined => undefined;
  it.each<[string, readonly unknown[], string]>([
    ['a promise of an id', [{ resource: 'row', id: Promise.resolve('a') }, noWork], 'id of "row" must be a text that is not empty, or a number (got a promise).'],
    ['a list of ids', [{ resource: 'row', id: ['a', 'b'] }, noWork], '(got an array of 2). Name several instances as a list of { resource, id }'],
    ['an object for an id', [[{ resource: 'row' }, { resource: 'row', id: {} }], noWork], '(got an object)'],
    ['null for an id', [{ resource: 'row', id: null }, noWork], '(got null)'],
    ['no number for an id', [{ resource: 'row', id: Number.NaN }, noWork], '(got NaN)'],
    ['an empty id', [{ resource: 'row', id: '' }, noWork], '(got "")'],
    ['another service', [{ resource: 'row', service: 'crm' }, noWork], 'there is no member "service". Its members: resource, id.'],
    ['a misspelt member', [{ resurce: 'row' }, noWork], 'there is no member "resurce". Did you mean "resource"?'],
    ['no resource', [{}, noWork], 'resource must be a text that is not empty (got nothing).'],
    ['a text', ['row', noWork], 'what it changes must be { resource, id? }, a list of these, or [] for anything (got "row").'],
    ['nothing', [undefined, noWork], '(got nothing)'],
    ['no work', [{ resource: 'row' }], 'the second argument must be a function that does the work (got nothing).'],
    ['work that was begun', [{ resource: 'row' }, Promise.resolve()], '(got an object)'],
    ['a caller that is not named', [{ resource: 'row' }, noWork, acme], 'there is no member "tenantId". Its members: caller.'],
    ['no terms', [{ resource: 'row' }, noWork, null], 'the third argument must be { caller } (got null).'],
  ])('given %s does and purges nothing, and says what it got', async (_, given, why) => {
    await bootLedger();
    const mutation = (...args: readonly unknown[]): Promise<unknown> => cacheOf().mutation(...(args as Parameters<StepCache['mutation']>));
    await expect(mutation(...given)).rejects.toThrow(TypeError);
    await expect(mutation(...given)).rejects.toThrow(why);
    expect(coherence.purged).toEqual([]);
  }); // prettier-ignore

  it('that fails and cannot be purged rejects with PURGE_FAILED, whose cause is what the work threw', async () => {
    await bootLedger();
    coherence.purging = 'refuses';
    const failure = new Error('half-way');
    const mutation = cacheOf().mutation({ resource: 'row' }, () => Promise.reject(failure));
    const error: unknown = await mutation.catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'PURGE_FAILED' });
    expect((error as Error).cause).toBe(failure);
  });

  it('that cannot be purged rejects with PURGE_FAILED, and is made up for', async () => {
    await bootLedger();
    await get();
    coherence.purging = 'refuses';
    await expect(cacheOf().mutation({ resource: 'row' }, change)).rejects.toMatchObject({ code: 'PURGE_FAILED' });
    coherence.purging = 'well';
    await services.clock.advance(1_000);
    expect(await get()).toBe(2);
  });

  it('of a service without a cache does the work, and no more', async () => {
    await bootLedger(false);
    expect(await cacheOf().mutation({ resource: 'row' }, change)).toBe('changed');
    expect(coherence.purged).toEqual([]);
  });
});

describe('StepCache.explain()', () => {
  const explain = (operation: string, input: unknown = { id: 'a' }): Promise<unknown> =>
    cacheOf().explain(operation, input, acme);

  it('says that nothing is stored, then that it is, then that it was changed; and asks the handler nothing', async () => {
    await bootLedger();
    expect(await explain('get')).toMatchObject({ answer: 'miss', reason: 'nothing is stored', ttl: 300_000 });
    await get();
    const { reads } = ledger;
    expect(await explain('get')).toMatchObject({
      answer: 'hit',
      key: expect.stringMatching(/^workflow:step:alpha:get:tacme:/) as never,
      dependsOn: ['t:acme/alpha', 'platform/alpha', 't:acme/alpha/row', 'platform/alpha/row', 't:acme/alpha/row/a', 'platform/alpha/row/a'],
      purges: [],
    });
    await ask('put', { id: 'a', value: 2 }, acme);
    expect(await explain('get')).toMatchObject({ answer: 'miss', reason: expect.stringContaining('changed') as never });
    expect(ledger.reads).toBe(reads);
  }); // prettier-ignore

  it('says as much as the step then does', async () => {
    await bootLedger();
    for (const input of [{ id: 'a' }, { id: 'b' }, { id: 'a' }]) {
      const { answer } = await cacheOf().explain('get', input, acme);
      const events: CacheEvent[] = [];
      const listening = cacheOf().events$.subscribe((event) => events.push(event));
      await ask('get', input, acme);
      expect(events[0]?.type).toBe(answer);
      listening.unsubscribe();
    }
  });

  it('says what a mutation would purge, and purges nothing', async () => {
    await bootLedger();
    expect(await explain('put')).toMatchObject({
      answer: 'bypass',
      reason: 'it changes something',
      key: null,
      dependsOn: [],
      purges: ['t:acme/alpha/row/a', 'all/alpha/row/a', 't:acme/alpha/row/~', 'all/alpha/row/~', 't:acme/alpha/~any', 'all/alpha/~any'],
      ttl: null,
    });
    expect(await explain('put', {})).toMatchObject({ purges: ['t:acme/alpha/row', 'all/alpha/row', 't:acme/alpha/~any', 'all/alpha/~any'] });
    expect(await explain('anything')).toMatchObject({ purges: ['t:acme/alpha', 'all/alpha'] });
    expect(coherence.purged).toEqual([]);
    await ask('put', { id: 'a', value: 2 }, acme);
    expect(coherence.purged).toEqual([((await explain('put')) as { purges: string[] }).purges]);
  }); // prettier-ignore

  it.each([
    ['never', 'the operation says cache: false'],
    ['login', 'its input holds secrets'],
  ])('says why an operation is never cached: %s', async (operation, reason) => {
    await bootLedger();
    expect(await explain(operation)).toMatchObject({ answer: 'bypass', reason, key: null, ttl: null });
  });

  it('says that the cache is off', async () => {
    await bootLedger(false);
    for (const operation of ['get', 'put']) {
      expect(await explain(operation)).toMatchObject({ answer: 'bypass', reason: 'the cache is off', purges: [] });
    }
  });

  it('refuses an operation that nobody has', async () => {
    await bootLedger();
    await expect(explain('git')).rejects.toMatchObject({ code: 'OPERATION_UNKNOWN' });
  });
});
