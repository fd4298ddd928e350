import { randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, it, jest } from '@jest/globals';
import KeyvRedis from '@keyv/redis';
import { Keyv } from 'keyv';
import type { CacheOptions } from 'nest-orchestrator';
import { redisCache } from 'nest-orchestrator/redis';
import { freePort } from '../../scripts/private-servers.mjs';
import { Ledger } from '../support/ledger.js';
import { logged } from '../support/redis/logged.js';
import { afterwards, connectionsOf, plain, redis } from '../support/redis/private-redis.js';
import { bootRows, type RowsApp } from '../support/redis/rows.app.js';
import { commandsOf } from '../support/redis/tokens.js';
import { until } from '../support/until.js';

jest.setTimeout(60_000); // servers start and stop; a busy machine takes its time

const shared = process.env['REDIS_URL'] ?? '';
let ledger: Ledger;
let namespace: string;
beforeEach(() => {
  [ledger, namespace] = [new Ledger({ a: 1, b: 1 }), randomUUID()];
});

const boot = (cache: CacheOptions): Promise<RowsApp> => bootRows(ledger, { timeout: '5s', ...cache }, namespace);
const get = ({ ask }: RowsApp): Promise<unknown> => ask('get', { id: 'a' });

/** It has been connected to what it needs. */
const connected = (app: RowsApp): Promise<void> =>
  until(
    async () => {
      await app.ask('get', { id: 'to see' });
      return (app.cache.counters()['get']?.hit ?? 0) > 0;
    },
    { timeoutMs: 30_000 },
  );

describe('two applications with one Redis', () => {
  it('answer what the other one has made, and what the other one changes is read anew', async () => {
    const [one, other] = [await boot(redisCache({ url: shared })), await boot(redisCache({ url: shared }))];
    await Promise.all([one, other].map(connected));
    ledger.reads = 0;
    expect([await get(one), await get(other), await get(other)]).toEqual([1, 1, 1]);
    expect(ledger.reads).toBe(1);
    await other.ask('put', { id: 'a', value: 2 });
    expect([await get(one), await get(other)]).toEqual([2, 2]);
  });

  it('keep answers apart, and tokens in common, where entries: false says so', async () => {
    const cache = redisCache({ url: shared, entries: false });
    const [one, other] = [await boot(cache), await boot(cache)];
    await Promise.all([one, other].map(connected));
    ledger.reads = 0;
    expect([await get(one), await get(one), await get(other), await get(other)]).toEqual([1, 1, 1, 1]);
    expect(ledger.reads).toBe(2);
    await other.ask('put', { id: 'a', value: 2 });
    expect([await get(one), await get(other)]).toEqual([2, 2]);
  });

  it('keep answers in stores that are given, such as @keyv/redis, as well', async () => {
    const stores = [0, 1].map(() => {
      const far = new KeyvRedis(shared, { throwOnErrors: true });
      afterwards(() => far.disconnect());
      return [new Keyv(), new Keyv({ store: far, useKeyPrefix: false, throwOnErrors: true })];
    });
    const [one, other] = [
      await boot({ ...redisCache({ url: shared }), stores: stores[0] ?? [] }),
      await boot({ ...redisCache({ url: shared }), stores: stores[1] ?? [] }),
    ];
    await Promise.all([one, other].map(connected));
    ledger.reads = 0;
    expect([await get(one), await get(other)]).toEqual([1, 1]);
    expect(ledger.reads).toBe(1);
    await one.ask('put', { id: 'a', value: 2 });
    expect([await get(one), await get(other)]).toEqual([2, 2]);
  });
});

describe('a hit', () => {
  it('costs a share of one command, and none for the answer: what is near is not asked for', async () => {
    const server = await redis();
    const app = await boot(redisCache({ url: server.url }));
    await connected(app);
    await get(app);
    ledger.reads = 0;
    const commands = await commandsOf(plain(server), () => Promise.all(Array.from({ length: 100 }, () => get(app))));
    expect(ledger.reads).toBe(0);
    expect(commands['get'] ?? 0).toBe(0);
    expect(commands['mget']).toBeLessThanOrEqual(20);
  });
});

describe('connections', () => {
  it('are made by a module that is created, and closed with it', async () => {
    const server = await redis();
    const watching = plain(server);
    const before = await connectionsOf(watching);
    const cache = redisCache({ url: server.url });
    expect(await connectionsOf(watching)).toEqual(before);
    const app = await boot(cache);
    await connected(app);
    expect(await connectionsOf(watching)).toHaveLength(before.length + 2);
    await app.close();
    await until(async () => (await connectionsOf(watching)).length === before.length);
  });
});

describe('Redis that is away', () => {
  it('lets a service boot, which says so, reads, and acknowledges no change; it heals by itself', async () => {
    const server = await redis();
    await server.stop('SIGKILL');
    const app = await boot(redisCache({ url: server.url.replace('//', '//default:secret-word@') }));
    const said = (): string[] => logged.filter((line) => line.includes('cannot be used'));
    await until(() => said().length === 2); // for the tokens, and for the answers
    for (const line of said()) expect(line).toMatch(/^redis:\/\/127\.0\.0\.1:\d+\/0 .*ECONNREFUSED/);
    expect(logged.join()).not.toContain('secret-word');
    expect([await get(app), await get(app)]).toEqual([1, 1]);
    expect(ledger.reads).toBe(2);
    const change = (): unknown => ledger.rows.set('a', 2);
    await expect(app.cache.mutation({ resource: 'row', id: 'a' }, change)).rejects.toMatchObject({
      code: 'PURGE_FAILED',
    });
    let told = false;
    const run = app.ask('put', { id: 'b', value: 2 }).then(() => (told = true));
    await until(() => ledger.rows.get('b') === 2);
    expect(told).toBe(false);
    await server.restart();
    await run;
    await connected(app);
    expect([await get(app), await get(app)]).toEqual([2, 2]);
  });

  it('fails no read where it dies under an application, and changes are told of when it is back', async () => {
    const server = await redis();
    const [one, other] = [await boot(redisCache({ url: server.url })), await boot(redisCache({ url: server.url }))];
    await Promise.all([one, other].map(connected));
    await Promise.all([get(one), get(other)]);
    await server.stop('SIGKILL');
    expect([await get(one), await get(other)]).toEqual([1, 1]);
    const run = one.ask('put', { id: 'a', value: 2 });
    await until(() => ledger.rows.get('a') === 2);
    await server.restart();
    await run;
    await Promise.all([one, other].map(connected));
    expect([await get(one), await get(other)]).toEqual([2, 2]);
  });
});

it('is refused where the answers of a service depend on another one with its tokens in another Redis', async () => {
  const port = await freePort();
  const one = redisCache({ url: shared }).coherence;
  const other = redisCache({ url: `redis://127.0.0.1:${port}` }).coherence;
  const of = { service: 'shop', namespace, longestTtl: () => 1_000 };
  const [here, too, elsewhere] = [one.create(of), one.create(of), other.create(of)];
  for (const each of [here, too, elsewhere]) afterwards(() => each.close());
  expect([here.sharedWith(too), here.sharedWith(elsewhere)]).toEqual([true, false]);
});
