import { describe, expect, it } from '@jest/globals';
import type { Attempt } from '../../../src/demo/attempts.js';
import { styleOf } from '../../../src/demo/style.js';
import { renderRuns } from '../../../src/demo-rabbitmq/runs-table.js';
import { type Ended, failures, staleReads, wrongCharges } from '../../../src/demo-rabbitmq/verdict.js';
import { betweenProcesses } from '../../../src/orchestration.js';

const run = (workflowId: string, cookbook: string): Ended => ({
  workflowId,
  cookbook,
  ending: { kind: 'completed', output: null },
});
const runs = [run('r1', 'order-to-cash'), run('r2', 'payment-retry'), run('r3', 'quote')];

describe('what the demo on RabbitMQ finds wrong', () => {
  it('is nothing where each run that charges has charged once', () => {
    expect(wrongCharges(runs, ['shop:r1:0:payment', 'shop:r2:0:payment'])).toEqual([]);
  });

  it.each([
    ['a charge that was made twice', ['shop:r1:0:p', 'shop:r1:0:p', 'shop:r2:0:p'], ['charged twice under one key: shop:r1:0:p']], // prettier-ignore
    ['a charge under a second key', ['shop:r1:0:p', 'shop:r1:1:p', 'shop:r2:0:p'], ['order-to-cash r1 has 2 charges instead of 1']], // prettier-ignore
    ['a charge that is missing', ['shop:r1:0:p'], ['payment-retry r2 has 0 charges instead of 1']],
    ['a charge that nobody meant', ['shop:r1:0:p', 'shop:r2:0:p', 'shop:r3:0:p'], ['quote r3 has 1 charges instead of 0']], // prettier-ignore
  ])('is %s', (_, keys, problems) => {
    expect(wrongCharges(runs, keys)).toEqual(problems);
  });

  it('is a run that failed', () => {
    const failed: Ended = { ...run('r4', 'quote'), ending: { kind: 'failed', failure: { code: 'C', message: 'why' } } };
    expect(failures([...runs, failed])).toEqual(['quote r4 failed: why']);
  });

  it.each([
    ['nothing, where a read is kept and then anew', ['miss', 'hit', 'miss'], 2, 0],
    ['a read from the cache after the change', ['miss', 'hit', 'hit'], 14, 2],
    ['an answer that is old, wherever it came from', ['miss', 'hit', 'miss'], 14, 1],
    ['a cache that keeps nothing', ['miss', 'miss', 'miss'], 2, 1],
  ] as const)('is %s', (_, caches, afterwards, count) => {
    const attempts = caches.map((cache) => ({ operation: 'promise-delivery', cache }) as Attempt);
    expect(staleReads(attempts, { promised: 14, afterwards })).toHaveLength(count);
  });
});

it('tells of each cookbook how many runs completed, and how long they took', () => {
  const timed = [10, 30, 20].map((tookMs, at) => ({ ...run(`r${at}`, 'quote'), tookMs }));
  const failed = { ...run('r4', 'restock'), ending: { kind: 'failed', failure: { code: 'C', message: '' } }, tookMs: 1_500 } as const; // prettier-ignore
  const lines = renderRuns([failed, ...timed], styleOf({})).replaceAll(/[^\w.\n-]+/g, ' ');
  expect(lines).toContain(' quote 3 3 20 ms 30 ms ');
  expect(lines).toContain(' restock 1 0 1.50 s 1.50 s ');
});

describe('the options of the example', () => {
  const AMQP_URL = 'amqp://guest:secret@localhost';
  const REDIS_URL = 'redis://localhost';

  it('keep everything in memory, whatever servers there are', () => {
    expect(betweenProcesses({ AMQP_URL, REDIS_URL })).toEqual({});
  });

  it('meet on the servers with SHOP_DATA, under the name of that folder', () => {
    expect(betweenProcesses({ SHOP_DATA: '/data/shop-1', AMQP_URL, REDIS_URL })).toMatchObject({
      transport: { kind: 'rabbitmq' },
      state: { kind: 'redis' },
      cache: { coherence: { kind: 'redis' } },
      namespace: 'shop-1',
    });
  });

  it.each([
    [{ AMQP_URL }, '(missing: REDIS_URL)'],
    [{ REDIS_URL }, '(missing: AMQP_URL)'],
    [{}, '(missing: AMQP_URL and REDIS_URL)'],
  ])('say what SHOP_DATA lacks, and no password: %j', (env, missing) => {
    const act = (): unknown => betweenProcesses({ SHOP_DATA: '/data', ...env });
    expect(act).toThrow(missing);
    expect(act).not.toThrow('secret');
  });
});
