import { describe, expect, it } from '@jest/globals';
import { Keyv } from 'keyv';
import { MemoryCoherence } from '../../../libs/orchestrator/src/cache/memory/memory.coherence.js';
import { StepCache } from '../../../libs/orchestrator/src/cache/step-cache.js';
import type { OperationEntries } from '../../../libs/orchestrator/src/operations/operations-file.js';
import { asking } from '../../support/ask.js';
import { alpha, boot, cookbook, services, task } from '../../support/services.js';

/** What is the same question, and what is another one. */

const ask = asking(alpha);

/** Operations that answer how often they were executed. */
async function bootCounting(operations: OperationEntries = {}): Promise<void> {
  let [one, other] = [0, 100];
  const reads = { get: () => (one += 1), find: () => (other += 1) };
  await boot({ alpha: { reads } }, { operations, retry: { maxAttempts: 1 } });
}

/** A step whose input is this, as it is written: cookbooks that differ in the order of their keys alone are one and the same. */
const get = (input: unknown): Promise<unknown> => ask('get', '{{api_input}}', { input });

describe('two steps ask the same', () => {
  it.each<[string, unknown, unknown]>([
    ['whose inputs differ in the order of their keys', { a: 1, b: { c: 2, d: 3 } }, { b: { d: 3, c: 2 }, a: 1 }],
    ['of the same number, written otherwise', { n: 100 }, { n: 1e2 }],
    ['of zero, and of minus zero', { n: 0 }, { n: -0 }],
  ])('%s', async (_, input, other) => {
    await bootCounting();
    expect(await get(input)).toBe(1);
    expect(await get(other)).toBe(1);
  });

  it('whose templates differ and come to the same', async () => {
    await bootCounting();
    const step = (input: unknown): object => cookbook(task('a', 'alpha', 'get', input));
    const options = { input: { id: 7, same: { id: 7 } } };
    expect(await services.run('alpha', step({ id: '{{api_input.id}}' }), options)).toMatchObject({ output: 1 });
    expect(await services.run('alpha', step({ id: '{{api_input.same.id}}' }), options)).toMatchObject({ output: 1 });
    expect(await services.run('alpha', step('{{api_input.same}}'), options)).toMatchObject({ output: 1 });
    expect(await ask('get', { id: 7 })).toBe(1);
  });

  it('of whatever kind they are, and wherever they stand', async () => {
    await bootCounting();
    const get = task('a', 'alpha', 'get', { id: 1 });
    const each = { step_id: 'e', type: 'foreach', iterator: '{{api_input.ids}}', body: [task('b', 'alpha', 'get', { id: '{{current}}' })] }; // prettier-ignore
    const choice = {
      step_id: 's',
      type: 'switch',
      expression: 'x',
      cases: { x: task('c', 'alpha', 'get', { id: 1 }) },
    };
    const { steps } = await services.run('alpha', cookbook(get, each, choice), { input: { ids: [1, 1] } });
    expect(steps).toMatchObject({ a: 1, e: { iterations: [{ outputs: { b: 1 } }, { outputs: { b: 1 } }] } });
    expect(await ask('get', { id: 1 })).toBe(1);
  });
});

describe('two steps ask something else', () => {
  it.each<[string, unknown, unknown]>([
    ['of a number and of a text', { id: 1 }, { id: '1' }],
    ['of null and of "null"', { id: null }, { id: 'null' }],
    ['of null and of nothing', { id: null }, {}],
    ['of true and of "true"', { id: true }, { id: 'true' }],
    ['of lists in another order', { ids: [1, 2] }, { ids: [2, 1] }],
    ['of an empty list and of an empty object', { of: [] }, { of: {} }],
    ['of texts that differ in case', { id: 'a' }, { id: 'A' }],
    ['of texts that look alike', { id: 'é' }, { id: 'e\u0301' }],
    ['of texts that differ in space', { id: 'a' }, { id: 'a ' }],
    ['of a key that every object has', { ['__proto__']: 1 }, {}],
    ['of keys that run into each other', { ab: 'c' }, { a: 'bc' }],
    ['of the whole and of a part', 'a', { id: 'a' }],
  ])('%s', async (_, input, other) => {
    await bootCounting();
    expect(await get(input)).toBe(1);
    expect(await get(other)).toBe(2);
    expect(await get(input)).toBe(1);
  });

  it('whose template is the same and comes to something else', async () => {
    await bootCounting();
    const document = cookbook(task('a', 'alpha', 'get', { id: '{{api_input.id}}' }));
    expect(await services.run('alpha', document, { input: { id: 1 } })).toMatchObject({ output: 1 });
    expect(await services.run('alpha', document, { input: { id: 2 } })).toMatchObject({ output: 2 });
  });

  it('of two operations', async () => {
    await bootCounting();
    expect(await ask('get', { id: 1 })).toBe(1);
    expect(await ask('find', { id: 1 })).toBe(101);
  });

  it('of two services', async () => {
    const where = (name: string) => ({ reads: { where: () => name } });
    await boot({ alpha: where('alpha'), beta: where('beta') });
    const { steps } = await services.run('alpha', cookbook(task('a', 'alpha', 'where'), task('b', 'beta', 'where')));
    expect(steps).toEqual({ a: 'alpha', b: 'beta' });
  });
});

describe('what is stored by one process for the next', () => {
  /** Boots again and again over one store: how often the operation was executed after each. */
  async function executions(...declared: readonly OperationEntries[]): Promise<number[]> {
    const [stores, memory] = [new Keyv(), new MemoryCoherence()];
    const counts: number[] = [];
    let calls = 0;
    for (const [at, operations] of declared.entries()) {
      if (at > 0) await services.close();
      const coherence = { kind: 'shared', create: () => memory };
      await boot({ alpha: { reads: { get: () => (calls += 1) } } }, { operations, cache: { stores, coherence } });
      await ask('get', { id: 'a', parent: 'b' });
      counts.push(calls);
    }
    return counts;
  }

  it('is served there', async () => {
    expect(await executions({}, {})).toEqual([1, 1]);
  });

  it('is not served once the operation’s cache.version says otherwise, and is again when it says so no more', async () => {
    const version = (number: string | number): OperationEntries => ({ get: { cache: { version: number } } });
    expect(await executions({}, version(2), version('2'), version(2), {})).toEqual([1, 2, 3, 3, 3]);
  });

  it('is not served once more is declared to be read', async () => {
    const row = { resource: 'row', id: 'id' };
    const reads = (...resources: object[]): OperationEntries => ({ get: { reads: resources as never } });
    const declared = [reads(row), reads(row, { resource: 'row', id: 'parent' }), reads(row, { resource: 'rate' })];
    expect(await executions(...declared)).toEqual([1, 2, 3]);
  });

  it('is not served once something else is declared to be read', async () => {
    const reads = (resource: string): OperationEntries => ({ get: { reads: [{ resource, id: 'id' }] } });
    expect(await executions(reads('row'), reads('price'), reads('price'))).toEqual([1, 2, 2]);
  });

  it('is not served once others share it, or fewer do', async () => {
    const vary = (by: string): OperationEntries => ({ get: { cache: { vary: by as 'none' } } });
    expect(await executions(vary('none'), vary('tenant'), vary('workspace'), {})).toEqual([1, 2, 3, 4]);
  });

  it('is not served to an application of another namespace', async () => {
    const [stores, memory] = [new Keyv(), new MemoryCoherence()];
    let calls = 0;
    for (const namespace of ['one', 'two', 'one']) {
      if (calls > 0) await services.close();
      const coherence = { kind: 'shared', create: () => memory };
      const options = { namespace, cache: { stores, coherence } };
      await boot({ alpha: { reads: { get: () => (calls += 1) } } }, options);
      await ask('get');
    }
    expect(calls).toBe(2);
  });
});

describe('a key', () => {
  it('shows who asked what, without a character that means something to somebody', async () => {
    const keys: string[] = [];
    const stores = new Keyv();
    stores.hooks.addHandler('preSet', ({ key }: { key: string }) => keys.push(key));
    await boot({ alpha: { reads: { 'get * row': () => 1 } } }, { cache: { stores } });
    await ask('get * row', { id: 'a*' }, { tenantId: 'a:w*', workspaceId: '\n', personId: 'p'.repeat(1_000) });
    expect(keys).toEqual([
      expect.stringMatching(/^workflow:step:alpha:get%20%2A%20row:ta%3Aw%2A:w%0A:pp{64}:[\w-]{43}$/),
    ]);
  });

  it('is told by explain(), and is the one that is used', async () => {
    const keys: string[] = [];
    const stores = new Keyv();
    stores.hooks.addHandler('preSet', ({ key }: { key: string }) => keys.push(key));
    await boot({ alpha: { reads: { get: () => 1 } } }, { cache: { stores } });
    await ask('get', { id: 1 }, { tenantId: 'a' });
    const { key } = await services.app.get(StepCache, { strict: false }).explain('get', { id: 1 }, { tenantId: 'a' });
    expect(keys).toEqual([key]);
  });
});
