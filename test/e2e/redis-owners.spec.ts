import { randomUUID } from 'node:crypto';
import { beforeEach, expect, it, jest } from '@jest/globals';
import {
  type CacheOptions,
  getOrchestratorToken,
  getStepCacheToken,
  type OrchestratorModuleOptions,
  type StepCache,
  type WorkflowOrchestrator,
} from 'nest-orchestrator';
import { redisCache } from 'nest-orchestrator/redis';
import { serviceOf } from 'nest-orchestrator/testing';
import { Test } from '@nestjs/testing';
import { book, task } from '../support/cookbook-documents.js';
import { ListLogger, logged } from '../support/redis/logged.js';
import { afterwards } from '../support/redis/private-redis.js';
import { until } from '../support/until.js';

/** What a service of another process changes purges here only if that shares the cache: nobody relies on one that does not. */

jest.setTimeout(60_000); // a busy machine takes its time

const url = process.env['REDIS_URL'] ?? '';
let namespace: string;
let cents: number;
beforeEach(() => {
  [namespace, cents] = [randomUUID(), 230];
});

type Started = readonly [WorkflowOrchestrator, StepCache];

async function start(service: string, handlers: Parameters<typeof serviceOf>[1], options: OrchestratorModuleOptions): Promise<Started> {
  const imports = [serviceOf(service, handlers, { namespace, ...options })];
  const app = await Test.createTestingModule({ imports }).setLogger(new ListLogger()).compile();
  afterwards(() => app.close());
  await app.init();
  return [app.get(getOrchestratorToken(service), { strict: false }), app.get(getStepCacheToken(service), { strict: false })];
} // prettier-ignore

/** A process that reads prices, which `owner` changes; and one of service `payments`, which does. */
async function boot(owner: string, cache: CacheOptions | false) {
  const price = { reads: [{ resource: 'price', id: 'sku', service: owner }] };
  const reader = { reads: { price: () => cents } };
  const [orders, orderCache] = await start('orders', reader, { cache: redisCache({ url }), operations: { price } });
  const set = { mutates: true, resource_type: 'price', resource_id: 'sku' };
  const writer = { mutates: { set: (input: { readonly cents: number }) => (cents = input.cents) } };
  const [payments] = await start('payments', writer, { cache, operations: { set } });
  const input = { sku: 'tea' };
  return {
    read: async () =>
      (await orders.run(book([task('price', { service: 'orders', operation: 'price', input })]))).output,
    write: (to: number) =>
      payments.run(book([task('set', { service: 'payments', operation: 'set', input: { ...input, cents: to } })])),
    hits: () => orderCache.counters()['price']?.hit ?? 0,
    explain: () => orderCache.explain('price', input),
  };
}
const warnings = (): string[] => logged.filter((line) => line.includes('shares this cache'));

it('reads of what a service changes that shares the cache are cached, and fresh', async () => {
  const { read, write, hits } = await boot('payments', redisCache({ url }));
  await until(async () => (await read()) === 230 && hits() > 0, { timeoutMs: 20_000 });
  await write(999);
  expect(await read()).toBe(999);
});

it.each<[string, string, CacheOptions | false]>([
  ['has no cache', 'payments', false],
  ['has another one', 'payments', {}],
  ['is not called so', 'paiments', redisCache({ url })],
])('reads of what a service changes that %s are executed, and that is told', async (_, owner, cache) => {
  const { read, write, hits, explain } = await boot(owner, cache);
  for (let time = 0; time < 3; time += 1) expect(await read()).toBe(230);
  await write(999);
  expect(await read()).toBe(999);
  expect(hits()).toBe(0);
  expect(await explain()).toMatchObject({ answer: 'bypass', reason: `service "${owner}" is not seen to share this cache` });
  expect(warnings()).toEqual([expect.stringMatching(new RegExp(`"orders" reads what service "${owner}" changes`))]);
}); // prettier-ignore
