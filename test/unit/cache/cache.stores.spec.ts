import { afterEach, describe, expect, it } from '@jest/globals';
import { CACHE_MANAGER, CacheModule } from '@nestjs/cache-manager';
import { Module } from '@nestjs/common';
import { type Cache, type CacheManagerStore, createCache, KeyvAdapter } from 'cache-manager';
import { redisInsStore } from 'cache-manager-ioredis-yet';
import { Redis } from 'ioredis';
import { Keyv, type KeyvOptions } from 'keyv';
import { cacheOf, isInProcess } from '../../../libs/orchestrator/src/cache/cache.stores.js';
import type { CacheOptions } from '../../../libs/orchestrator/src/cache/cache.options.js';
import { ConfigurationError } from '../../../libs/orchestrator/src/errors/configuration.error.js';
import { type BootedServices, bootServices } from '../../../libs/orchestrator/src/testing/boot-services.js';
import { serviceOf } from '../../../libs/orchestrator/src/testing/service-of.js';

const client = new Redis({ lazyConnect: true }); // never connected
const redis = redisInsStore(client) as unknown as CacheManagerStore;

/** A Keyv over a store of cache-manager 5, as the message of a mistake says, or with some of it otherwise. */
function adapted({ serialize, deserialize, ...change }: KeyvOptions = {}): Keyv {
  const keyv = new Keyv({ store: new KeyvAdapter(redis), useKeyPrefix: false, throwOnErrors: true, ...change });
  keyv.serialize = serialize;
  keyv.deserialize = deserialize;
  return keyv;
}

const open = ({ size = 10, ...options }: CacheOptions): Cache =>
  cacheOf({ ...options, size }, () => undefined) as Cache;

function refusal(stores: unknown): string {
  try {
    open({ stores: stores as Keyv });
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigurationError);
    return (error as Error).message;
  }
  throw new Error('it was accepted');
}

describe('the cache in memory', () => {
  it.each([1, 2, 3, 10, 100])('keeps as many answers as it says at most: %d', async (size) => {
    const cache = open({ size });
    const kept = (): number => cache.stores.flatMap(({ store }) => [...(store as Map<string, unknown>).keys()]).length;
    for (let n = 0; n < 5 * size; n += 1) {
      await cache.set(String(n), n);
      expect(await cache.get(String(n))).toBe(n);
      expect(kept()).toBeLessThanOrEqual(size);
    }
    expect(kept()).toBeGreaterThanOrEqual(Math.max(1, Math.floor(size / 2)));
  });

  it('evicts those first that were used least recently', async () => {
    const cache = open({ size: 10 });
    await cache.set('used', 1);
    await cache.set('unused', 1);
    for (let n = 0; n < 20; n += 1) {
      await cache.set(String(n), n);
      await cache.get('used');
    }
    expect(await cache.get('used')).toBe(1);
    expect(await cache.get('unused')).toBeUndefined();
  });

  it('is nobody else’s, and needs no waiting', () => {
    const { stores } = open({});
    expect(stores).not.toEqual(open({}).stores);
    expect(stores.map(isInProcess)).toEqual([true]);
  });
});

describe('the option cache.stores', () => {
  it('takes one Keyv store, or several in their order', () => {
    const [near, far] = [new Keyv(), adapted()];
    expect(open({ stores: near }).stores).toEqual([near]);
    expect(open({ stores: [near, far] }).stores).toEqual([near, far]);
    expect([near, far].map(isInProcess)).toEqual([true, false]);
  });

  it.each<[string, unknown]>([
    ['a Keyv without a store', new Keyv()],
    ['a Keyv over a Map', new Keyv({ store: new Map() })],
    ['a store of cache-manager 5 in its adapter', adapted()],
  ])('takes %s', (_, store) => {
    expect(open({ stores: store as Keyv }).stores).toEqual([store]);
  });

  it.each<[string, unknown, ...string[]]>([
    ['a store of cache-manager 5', redis, 'cache.stores[0] must be a Keyv store', 'new Keyv({ store: new KeyvAdapter(store)', 'useKeyPrefix: false', 'throwOnErrors: true'],
    ['one that adds a prefix', adapted({ useKeyPrefix: true }), 'useKeyPrefix is not false', 'useKeyPrefix: false'],
    ['one that says nothing of errors', adapted({ throwOnErrors: false }), 'throwOnErrors is not true', 'throwOnErrors: true'],
    ['one that serializes what is serialized again', adapted({ serialize: JSON.stringify }), 'serializes', 'serialize and deserialize = undefined'],
    ['one that deserializes twice', adapted({ deserialize: JSON.parse }), 'serializes', 'serialize and deserialize = undefined'],
    ['one made without settings', new Keyv(new KeyvAdapter(redis)), 'useKeyPrefix is not false', 'throwOnErrors is not true', 'serializes'],
    ['the second of two', [new Keyv(), redis], 'cache.stores[1]'],
    ['a client of Redis', client, 'must be a Keyv store', 'Give new Keyv('],
    ['a cache instead of its stores', createCache(), 'must be a Keyv store', 'give its stores', 'cache.useExisting'],
    ['an adapter without a Keyv', new KeyvAdapter(redis), 'must be a Keyv store'],
    ['a Map', new Map(), 'must be a Keyv store'],
    ['an address', 'redis://localhost', 'must be a Keyv store', 'got "redis://localhost"'],
    ['null', [null], 'must be a Keyv store', 'got null'],
    ['no store at all', [], 'cache.stores', 'Leave it out'],
  ])('refuses %s, and says the fix', (_, stores, ...said) => {
    const message = refusal(stores);
    for (const text of said) expect(message).toContain(text);
    expect(message).toMatch(/^OrchestratorModule: cache\.stores/);
  }); // prettier-ignore
});

describe('the option cache.useExisting', () => {
  let services: BootedServices | undefined;
  afterEach(async () => {
    await services?.close();
    services = undefined;
  });

  const STEP = { step_id: 'a', type: 'task', service: 'crm', operation: 'get', input: { id: 7 } };
  const COOKBOOK = { version: '2.1.0', name: 'get', steps: [STEP] };

  /** A service with this option, in an application with these providers. */
  async function boot(useExisting: string | symbol, ...providers: { provide: string | symbol; useValue: unknown }[]) {
    let executed = 0;
    const crm = serviceOf('crm', { reads: { get: () => ({ executed: (executed += 1) }) } }, { cache: { useExisting } });
    @Module({ providers, exports: providers.map(({ provide }) => provide) })
    class Other {}
    services = await bootServices({ imports: [crm, Other, CacheModule.register()] });
    return { services, executed: () => executed };
  }

  it('shares the cache of the application', async () => {
    const { services: booted, executed } = await boot(CACHE_MANAGER);
    const before = await booted.run('crm', COOKBOOK);
    expect((await booted.run('crm', COOKBOOK)).output).toEqual(before.output);
    expect(executed()).toBe(1);
    const { stores } = booted.app.get<{ stores: Keyv[] }>(CACHE_MANAGER, { strict: false });
    const keys = stores.flatMap(({ store }) => [...(store as Map<string, unknown>).keys()]);
    expect(keys.join()).toContain('workflow:step:crm:get');
  });

  it.each<[string, string | symbol, unknown, string]>([
    ['a token that nobody provides', 'CACHES', undefined, 'CACHES'],
    ['what is no cache', 'SETTINGS', { ttl: 5 }, 'with its Keyv stores'],
    ['a cache without stores, as cache-manager 5 has', 'OLD', { get: () => 1, set: () => 1, store: redis }, 'with its Keyv stores'],
    ['nothing', 'NONE', null, 'got null'],
    ['a cache over a store of cache-manager 5', 'HALF', { stores: [new Keyv(), redis] }, 'cache.useExisting.stores[1]'],
  ])('refuses %s at boot, and says the fix', async (_, token, useValue, said) => {
    const booting = boot(token, ...(useValue === undefined ? [] : [{ provide: token, useValue }]));
    const error = await booting.then(() => undefined, (reason: unknown) => reason as Error); // prettier-ignore
    expect(error).toBeInstanceOf(ConfigurationError);
    expect(error?.message).toMatch(/^OrchestratorModule: cache\.useExisting/);
    expect(error?.message).toContain(said);
    expect(error?.message).toMatch(/CACHE_MANAGER|KeyvAdapter/);
  }); // prettier-ignore
});
