import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { Redis } from 'ioredis';
import { redisState, type RedisStateOptions } from '../../libs/orchestrator/src/redis.js';
import { TimedStore } from '../../libs/orchestrator/src/state/timed.store.js';
import { stateStoreContract } from '../../libs/orchestrator/src/testing/state.contract.js';
import { SystemClock } from '../../libs/orchestrator/src/utils/clock.js';
import { freePort, type PrivateServer, startRedis } from '../../scripts/private-servers.mjs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterwards, claim, clientAt, granted, hop, storeAt } from '../support/redis-stores.js';
import { until } from '../support/until.js';

/** Redis killed, restarted, empty, slow, or never there: calls reject soon, nothing hangs, and all goes on by itself. */

jest.setTimeout(60_000);
const root = mkdtempSync(join(tmpdir(), 'redis-trouble-'));
afterAll(() => {
  rmSync(root, { recursive: true, force: true });
});

const done = { status: 'completed', output: 1 } as const;

async function started(...more: string[]): Promise<PrivateServer> {
  const server = await startRedis(root, more);
  afterwards(() => server.stop('SIGKILL'));
  return server;
}

/** What the store logs while a test is at work. */
function logged(): string[] {
  const lines: string[] = [];
  const spies = (['log', 'warn'] as const).map((level) =>
    jest.spyOn(Logger.prototype, level).mockImplementation((line: unknown) => void lines.push(String(line))),
  );
  afterwards(() => {
    for (const spy of spies) spy.mockRestore();
  });
  return lines;
}

describe('a Redis that is killed', () => {
  it('and comes back with its disk: calls reject meanwhile, the holder goes on where it was, and the log says both', async () => {
    const lines = logged();
    const server = await started('--appendonly', 'yes');
    const store = storeAt(server.url);
    const asking = hop();
    const { holder } = await granted(store, asking);
    const waiting = store.ended(asking.workflowId, new AbortController().signal);
    await server.stop('SIGKILL');
    await expect(store.extend(holder, 30_000)).rejects.toThrow();
    await until(() => lines.length === 1, { timeoutMs: 10_000 });
    await expect(claim(store, hop())).rejects.toThrow(/is away/);
    await server.restart();
    await until(() => lines.length === 2, { timeoutMs: 10_000 });
    expect((await claim(store, asking)).kind).toBe('busy');
    expect(await store.end(holder, done)).toBe('ok');
    expect(await waiting).toEqual(done);
    expect(lines).toEqual([
      expect.stringMatching(
        /^Redis at redis:\/\/127\.0\.0\.1:\d+ cannot be used for the run records of service "spec"/,
      ),
      expect.stringMatching(/^Redis at .* can be used for the run records of service "spec" again\.$/),
    ]);
  });

  it('and comes back empty: the holder goes on, and whoever waits hears of the end', async () => {
    logged();
    const server = await started();
    const store = storeAt(server.url);
    const asking = hop();
    const { holder } = await granted(store, asking);
    const waiting = store.ended(asking.workflowId, new AbortController().signal);
    await server.stop('SIGKILL');
    await server.restart();
    await until(async () => (await store.status(asking.workflowId).catch(() => undefined))?.status === 'unknown');
    expect(await store.record(holder, {})).toBe('ok');
    expect(await store.end(holder, done)).toBe('ok');
    expect(await waiting).toEqual(done);
  });

  it('while calls are under way: each is answered or rejects, and none that rejected is sent again', async () => {
    logged();
    const server = await started('--appendonly', 'yes');
    const store = storeAt(server.url);
    await store.status('warm');
    const asked = Array.from({ length: 500 }, () => hop());
    process.kill(server.pid, 'SIGSTOP'); // so that all of them wait for their answer
    const claims = asked.map((asking) => claim(store, asking));
    const settled = Promise.allSettled(claims);
    await sleep(50); // they leave this process
    await server.stop('SIGKILL');
    await settled.then((answers) => {
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set(['rejected']));
    });
    await server.restart();
    await until(async () => (await store.status('warm').catch(() => undefined)) !== undefined);
    expect(await clientAt(server.url).dbsize()).toBe(0);
  });
});

describe('a Redis that is slow', () => {
  it('counts as away before the store is given up: calls reject, nothing hangs, and it heals', async () => {
    logged();
    const server = await started();
    const store = storeAt(server.url);
    const timed = new TimedStore(store, new SystemClock(), 10_000);
    const asking = hop();
    const { holder } = await granted(timed, asking);
    process.kill(server.pid, 'SIGSTOP');
    await expect(timed.record(holder, {})).rejects.not.toThrow(/no answer to/); // by the connection, not by the limit
    await expect(timed.status(asking.workflowId)).rejects.toThrow(/is away/);
    process.kill(server.pid, 'SIGCONT');
    await until(async () => (await timed.extend(holder, 1).catch(() => undefined)) === 'ok', { timeoutMs: 20_000 });
    expect(await timed.end(holder, done)).toBe('ok');
  });
});

describe('a Redis that has forgotten the scripts', () => {
  it('is sent them again', async () => {
    const server = await started();
    const store = storeAt(server.url);
    const { holder } = await granted(store, hop());
    await store.record(holder, {});
    await clientAt(server.url).script('FLUSH');
    expect(await Promise.all([store.record(holder, {}), store.extend(holder, 1), store.end(holder, done)])).toEqual([
      'ok',
      'ok',
      'ok',
    ]);
  });
});

describe('a Redis that is full', () => {
  it('refuses a call whole: nothing is half written, and it heals', async () => {
    const server = await started('--maxmemory-policy', 'noeviction');
    const [store, redis] = [storeAt(server.url), clientAt(server.url)];
    const { holder } = await granted(store, hop());
    await redis.config('SET', 'maxmemory', '1');
    const refused = hop();
    await expect(claim(store, refused)).rejects.toThrow(/OOM/);
    await expect(store.end(holder, done)).rejects.toThrow(/OOM/);
    await redis.config('SET', 'maxmemory', '0');
    expect(await store.status(refused.workflowId)).toEqual({ status: 'unknown' });
    expect(await store.end(holder, done)).toBe('ok');
  });
});

describe('a Redis that may not publish', () => {
  it('lets runs end, which are found in the record', async () => {
    const server = await started();
    const redis = clientAt(server.url);
    await redis.acl('SETUSER', 'app', 'on', '>secret', '~*', 'resetchannels', '+@all');
    const store = storeAt(server.url.replace('//', '//app:secret@'));
    const asking = hop();
    const { holder } = await granted(store, asking);
    const waiting = store.ended(asking.workflowId, new AbortController().signal);
    await store.status(asking.workflowId); // after the first look
    expect(await store.end(holder, done)).toBe('ok');
    expect(await waiting).toEqual(done);
  });
});

describe('a database that the server does not have', () => {
  it('is told, and nothing is put among what is in another one', async () => {
    const lines = logged();
    const server = await started();
    const store = storeAt(`${server.url}/9999`);
    await until(() => lines.length === 1, { timeoutMs: 10_000 });
    await expect(claim(store, hop())).rejects.toThrow();
    expect(lines).toEqual([expect.stringMatching(/\/9999 cannot be used for the run records.+out of range/)]);
    expect(await clientAt(server.url).dbsize()).toBe(0);
  });
});

describe('a Redis that is away at boot', () => {
  it('stops no service: the log says where it was looked for, without credentials, and calls go on once it is there', async () => {
    const lines = logged();
    const port = await freePort();
    const store = storeAt(`redis://me:secret@127.0.0.1:${port}/0`);
    await expect(store.status('x')).rejects.toThrow(/is away/);
    await until(() => lines.length > 0);
    expect(lines).toEqual([
      expect.stringContaining(`Redis at redis://127.0.0.1:${port}/0 cannot be used for the run records`),
    ]);
    expect(lines.join()).not.toContain('secret');
    await store.close();
  });

  it('closes without it', async () => {
    logged();
    const store = storeAt(`redis://127.0.0.1:${await freePort()}`);
    const call = store.status('x').catch((error: unknown) => error);
    await store.close();
    expect(await call).toBeInstanceOf(Error);
    await expect(store.status('x')).rejects.toThrow();
    await expect(store.ended('x', new AbortController().signal)).rejects.toThrow();
  });
});

describe('a Redis Cluster', () => {
  it('keeps every run in one slot: the whole contract holds, and no script touches a key that it was not given', async () => {
    const server = await started('--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1');
    const redis = new Redis(server.url);
    await redis.cluster('ADDSLOTSRANGE', 0, 16_383);
    await until(async () => (await redis.cluster('INFO')).includes('cluster_state:ok'), { timeoutMs: 10_000 });
    redis.disconnect();
    logged();
    const store = storeAt({ cluster: [{ host: '127.0.0.1', port: server.port }] });
    const failed: string[] = [];
    for (const { name, run } of stateStoreContract) {
      const pass = (ms: number): Promise<void> => sleep(ms + 20);
      await run({ store, pass, leaseMs: 500 }).catch((error: unknown) => failed.push(`${name}: ${String(error)}`));
    }
    expect(failed).toEqual([]);
  });
});

describe('redisState', () => {
  const of = { service: 'spec', namespace: 'spec' };
  it.each<[string, unknown, string]>([
    ['no URL', { url: undefined }, "url must be a URL such as 'redis://localhost:6379', or 'rediss://' for TLS (got nothing)"],
    ['a text', { url: 'localhost:secret' }, '(got localhost:)'],
    ['another protocol', { url: 'http://me:secret@x' }, '(got http:)'],
    ['nothing at all', { options: {} }, "or 'rediss://' for TLS (got nothing)"],
    ['no node', { cluster: [] }, 'cluster must name a node'],
    ['a prefix', { url: 'redis://x', options: { keyPrefix: 'a:' } }, "options.keyPrefix cannot be used (got \"a:\"): leave it out: the module's option namespace"],
    ['a replica', { url: 'redis://x', options: { readOnly: true } }, 'options.readOnly cannot be used (got true): leave it out'],
    ['a prefix in the address', { url: 'redis://x?keyPrefix=a' }, 'url ?keyPrefix cannot be used (got "a"): leave it out'],
    ['what is fixed, in the address', { url: 'redis://x?enableOfflineQueue=true' }, 'url ?enableOfflineQueue cannot be used'],
    ['a replica by its role', { url: 'redis://x', options: { role: 'slave' } }, 'options.role cannot be used (got "slave"): leave it out'],
    ['replicas', { cluster: [{}], options: { scaleReads: 'slave' } }, 'options.scaleReads cannot be used (got "slave"): leave it out'],
    ['a prefix of nodes', { cluster: [{}], options: { redisOptions: { keyPrefix: 'a' } } }, 'options.redisOptions.keyPrefix cannot be used'],
  ])('refuses %s at boot, and says what to do', (_, options, problem) => {
    const create = (): unknown => redisState(options as RedisStateOptions).create(of);
    expect(create).toThrow(problem);
    expect(create).not.toThrow(/secret/);
  }); // prettier-ignore
});
