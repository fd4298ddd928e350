import { describe, expect, it } from '@jest/globals';
import { StepCache } from '../../../libs/orchestrator/src/cache/step-cache.js';
import type { CacheCounters } from '../../../libs/orchestrator/src/cache/cache.event.js';
import { asking } from '../../support/ask.js';
import { deferred } from '../../support/deferred.js';
import { Ledger } from '../../support/ledger.js';
import { alpha, boot, cookbook, services, task } from '../../support/services.js';
import { until } from '../../support/until.js';

/** What is read while it is changed: whoever comes after a change sees it, whatever is still under way. */

const ask = asking(alpha);

async function bootLedger(rows: Readonly<Record<string, unknown>> = { a: 1 }): Promise<Ledger> {
  const ledger = new Ledger(rows);
  await boot({ alpha: ledger.operations }, { operations: Ledger.DECLARED, retry: { maxAttempts: 1 } });
  return ledger;
}

const counters = (operation: string): CacheCounters | undefined =>
  services.app.get(StepCache, { strict: false }).counters()[operation];

describe('an answer that is being made while its row changes', () => {
  it.each<[string, string, object, unknown]>([
    ['the row', 'put', { id: 'a', value: 2 }, 2],
    ['the row, which goes', 'remove', { id: 'a' }, null],
    ['any row', 'raise', {}, 2],
  ])('is never served to whoever asks after a change of %s', async (_, mutation, input, now) => {
    const ledger = await bootLedger();
    ledger.hold();
    const early = ask('get', { id: 'a' });
    await until(() => ledger.reads === 1);
    await ask(mutation, input);
    ledger.release();
    expect(await early).toBe(1); // it started before the change, and may
    expect(await ask('get', { id: 'a' })).toBe(now);
    expect(await ask('get', { id: 'a' })).toBe(now);
    expect(ledger.reads).toBe(2);
  });

  it.each<[string, string, object]>([
    ['one of its rows', 'put', { id: 'a', value: 2 }],
    ['any of them', 'raise', {}],
  ])('is never served after a change of %s, where it is a list', async (_, mutation, input) => {
    const ledger = await bootLedger();
    ledger.hold();
    const early = ask('list');
    await until(() => ledger.reads === 1);
    await ask(mutation, input);
    ledger.release();
    expect(await early).toEqual({ a: 1 });
    expect(await ask('list')).toEqual({ a: 2 });
  });

  it('is stored late, and replaces nothing newer: whoever asks after both is told the newer one', async () => {
    const ledger = await bootLedger();
    ledger.hold();
    const early = ask('get', { id: 'a' });
    await until(() => ledger.reads === 1);
    ledger.unhold();
    await ask('put', { id: 'a', value: 2 });
    expect(await ask('get', { id: 'a' })).toBe(2); // stored before the older one is
    ledger.release();
    await early;
    await until(() => counters('get')?.fill === 2);
    expect(await ask('get', { id: 'a' })).toBe(2);
  });

  it('of another row is stored, and served: a change of one row costs the others nothing', async () => {
    const ledger = await bootLedger({ a: 1, b: 1 });
    ledger.hold();
    const early = ask('get', { id: 'b' });
    await until(() => ledger.reads === 1);
    await ask('put', { id: 'a', value: 2 });
    ledger.release();
    await early;
    expect(await ask('get', { id: 'b' })).toBe(1);
    expect(ledger.reads).toBe(1);
  });
});

describe('those who ask the same at once', () => {
  it('share one execution', async () => {
    const ledger = await bootLedger();
    ledger.hold();
    const answers = Array.from({ length: 8 }, () => ask('get', { id: 'a' }));
    await services.clock.advance(0); // whatever waits for nothing else has happened
    ledger.release();
    expect(await Promise.all(answers)).toEqual(Array(8).fill(1));
    expect(ledger.reads).toBe(1);
    expect(counters('get')).toMatchObject({ miss: 1, hit: 7, fill: 1 });
  });

  it('in two branches of one run share one execution', async () => {
    const ledger = await bootLedger();
    const branches = { x: [task('x1', 'alpha', 'get', { id: 'a' })], y: [task('y1', 'alpha', 'get', { id: 'a' })] };
    await services.run('alpha', cookbook({ step_id: 'f', type: 'fork_join', branches, join: { strategy: 'all' } }));
    expect(ledger.reads).toBe(1);
  });

  it('as two persons do not', async () => {
    const ledger = await bootLedger();
    ledger.hold();
    const answers = ['ada', 'bob'].map((personId) => ask('get', { id: 'a' }, { personId }));
    await until(() => ledger.reads === 2);
    ledger.release();
    expect(await Promise.all(answers)).toEqual([1, 1]);
  });

  it('while a row changes twice are three groups: each shares one execution, and none is told what was before it came', async () => {
    const ledger = await bootLedger();
    ledger.hold();
    const waves: Promise<unknown>[][] = [];
    for (const next of [2, 3, undefined]) {
      waves.push(Array.from({ length: 3 }, () => ask('get', { id: 'a' })));
      await services.clock.advance(0);
      if (next !== undefined) await ask('put', { id: 'a', value: next });
    }
    ledger.release();
    expect(await Promise.all(waves.map((wave) => Promise.all(wave)))).toEqual([
      [1, 1, 1],
      [2, 2, 2],
      [3, 3, 3],
    ]);
    expect(ledger.reads).toBe(3);
    expect(await ask('get', { id: 'a' })).toBe(3);
    expect(ledger.reads).toBe(3);
  });
});

describe('an execution that others wait for', () => {
  // Each of them once executed then: a deadline that passed sent all who waited to the database at the same moment.
  it('and that fails is no one else’s: one of them executes for the others, as if it had been the first', async () => {
    const [first, second] = [deferred<never>(), deferred()];
    let calls = 0;
    const get = (): unknown => ((calls += 1) === 1 ? first.promise : second.promise.then(() => calls));
    await boot({ alpha: { reads: { get } } }, { retry: { maxAttempts: 1 } });
    const owner = ask('get');
    await until(() => calls === 1);
    const others = [ask('get'), ask('get'), ask('get')];
    await services.clock.advance(0);
    first.reject(new Error('the first one failed'));
    await expect(owner).rejects.toThrow('the first one failed');
    await services.clock.advance(0);
    second.resolve();
    expect(await Promise.all(others)).toEqual([2, 2, 2]);
    expect(calls).toBe(2);
  });

  it('and whose answer is none that can be shared holds nobody up: each of them executes at once', async () => {
    const gate = deferred();
    let calls = 0;
    const get = async (): Promise<void> => {
      calls += 1;
      await gate.promise;
    };
    await boot({ alpha: { reads: { get } } }, { retry: { maxAttempts: 1 } });
    const asked = [ask('get'), ask('get'), ask('get')];
    await services.clock.advance(0);
    expect(calls).toBe(1);
    gate.resolve();
    await Promise.all(asked);
    expect(calls).toBe(3);
  });

  it('until its deadline is executed once then, by one whose own has not passed', async () => {
    let calls = 0;
    const get = (): unknown => ((calls += 1) === 1 ? new Promise(() => undefined) : calls);
    await boot({ alpha: { reads: { get } } }, { retry: { maxAttempts: 1 } });
    const start = async (timeout_ms: number): Promise<string> => {
      const { workflowId } = await alpha().start(cookbook(task('s', 'alpha', 'get', {}, { timeout_ms })));
      await services.clock.advance(0);
      return workflowId;
    };
    const ids = [await start(1_000), await start(500), await start(2_000), await start(2_000)];
    await services.clock.advance(1_000);
    const ended = await Promise.all(ids.map((id) => alpha().status(id)));
    expect(ended.map(({ status }) => status)).toEqual(['failed', 'failed', 'completed', 'completed']);
    expect(calls).toBe(2);
  });

  it('and that never ends is no one else’s from its deadline on: the next attempt executes', async () => {
    let calls = 0;
    const get = (): unknown => ((calls += 1) === 1 ? new Promise(() => undefined) : calls);
    await boot({ alpha: { reads: { get } } });
    const { workflowId } = await alpha().start(cookbook(task('s', 'alpha', 'get', {}, { timeout_ms: 1_000 })));
    await services.clock.advance(60_000);
    expect(await alpha().status(workflowId)).toMatchObject({ status: 'completed', output: 2 });
  });

  it('and that answers after its deadline has its answer stored all the same', async () => {
    const late = deferred<string>();
    let calls = 0;
    await boot({ alpha: { reads: { get: () => ((calls += 1), late.promise) } } }, { retry: { maxAttempts: 1 } });
    await alpha().start(cookbook(task('s', 'alpha', 'get', {}, { timeout_ms: 1_000 })), { workflowId: 'w' });
    await services.clock.advance(1_000);
    await expect(alpha().result('w')).rejects.toMatchObject({ failure: { code: 'OPERATION_TIMEOUT' } });
    late.resolve('slow');
    await until(() => counters('get')?.fill === 1);
    expect(await ask('get')).toBe('slow');
    expect(calls).toBe(1);
  });
});
