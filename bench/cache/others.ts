import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { CALLER, type Contend, noHit, TTL_MINUTES } from './contender.js';

/**
 * What `npm run bench:cache` and `npm run bench:cache:redis` install beside the repository's own packages, with as much of its types as is used here:
 * nothing else of the repository needs it.
 */
const installed = createRequire(resolve('node_modules/.bench/package.json'));
const load = (name: string): Promise<unknown> => import(pathToFileURL(installed.resolve(name)).href);

interface Bentocache {
  readonly BentoCache: new (options: object) => Bento;
  readonly bentostore: () => Layers;
}
interface Layers {
  useL1Layer(driver: unknown): Layers;
  useL2Layer(driver: unknown): Layers;
  useBus(driver: unknown): Layers;
}
interface MemoryDriver {
  readonly memoryDriver: (options: object) => unknown;
}
interface RedisDriver {
  readonly redisDriver: (options: object) => unknown;
  readonly redisBusDriver: (options: object) => unknown;
}
interface Bento {
  get(options: { key: string }): Promise<unknown>;
  set(options: { key: string; value: unknown; ttl: string; tags?: readonly string[] }): Promise<unknown>;
  deleteByTag(options: { tags: readonly string[] }): Promise<unknown>;
  disconnectAll(): Promise<void>;
}

/**
 * Bentocache with its default options. Its memory in the process (L1) keeps texts, and reads them for everybody anew.
 * @param behind what its documentation recommends for several processes: Redis as L2, and a bus that tells the others
 */
const bentocache =
  (
    tagsOf: (id: string) => readonly string[],
    behind: (layers: Layers) => Promise<Layers> | Layers = (l1) => l1,
  ): Contend =>
  async (size, value) => {
    const { BentoCache, bentostore } = (await load('bentocache')) as Bentocache;
    const { memoryDriver } = (await load('bentocache/drivers/memory')) as MemoryDriver;
    const layers = await behind(bentostore().useL1Layer(memoryDriver({ maxItems: size })));
    const bento = new BentoCache({ default: 'layers', stores: { layers } });
    const { tenantId, workspaceId, personId } = CALLER;
    const keyOf = (id: string): string => `orders:get:${tenantId}:${workspaceId}:${personId}:${id}`;
    return {
      read: (id) => bento.get({ key: keyOf(id) }),
      fill: async (ids) => {
        for (const id of ids) await bento.set({ key: keyOf(id), value, ttl: `${TTL_MINUTES}m`, tags: tagsOf(id) });
      },
      purge: (id) => bento.deleteByTag({ tags: [`order:${id}`, 'order:list', 'orders'] }),
      close: () => bento.disconnectAll(),
    };
  };

const tagsOf = (id: string): readonly string[] => ['orders', 'order', `order:${id}`];
export const bentocacheWithTags = bentocache(tagsOf);
export const bentocacheWithoutTags = bentocache(() => []);
export const bentocacheInRedis = (url: string, tags: 'tags' | 'no tags'): Contend =>
  bentocache(tags === 'tags' ? tagsOf : () => [], async (layers) => {
    const { redisDriver, redisBusDriver } = (await load('bentocache/drivers/redis')) as RedisDriver;
    const connection = { host: new URL(url).hostname, port: Number(new URL(url).port || 6379) };
    return layers.useL2Layer(redisDriver({ connection })).useBus(redisBusDriver({ connection }));
  });

interface Moleculer {
  readonly ServiceBroker: new (options: object) => Broker;
}
interface Broker {
  readonly cacher: { clean(match: string): Promise<void> };
  createService(service: object): void;
  start(): Promise<void>;
  stop(): Promise<void>;
  call(action: string, params: object, options: { meta: object }): Promise<unknown>;
}

/**
 * A cacher of moleculer around an action that is called in its own process: its middleware, which makes the key and looks
 * it up, has no other way in. The caller is in the key.
 */
const moleculerWith =
  (cacher: object): Contend =>
  async (_, value) => {
    const { default: module } = (await load('moleculer')) as { default: Moleculer };
    const broker = new module.ServiceBroker({ logger: false, cacher });
    const keys = ['id', ...Object.keys(CALLER).map((id) => `#${id}`)];
    let handler: () => object = () => value;
    broker.createService({ name: 'orders', actions: { get: { cache: { keys }, handler: () => handler() } } });
    await broker.start();
    const read = (id: string): Promise<unknown> => broker.call('orders.get', { id }, { meta: CALLER });
    return {
      read,
      fill: async (ids) => {
        handler = () => value;
        for (const id of ids) await read(id);
        handler = noHit;
      },
      // All of the service, as its documentation does it; of what is held here nothing is of that service.
      purge: () => broker.cacher.clean('invoices.**'),
      close: () => broker.stop(),
    };
  };

const ttl = TTL_MINUTES * 60;
/** It clones what it hands out, which it would not by default. */
export const moleculer = moleculerWith({ type: 'Memory', options: { clone: true, ttl } });
export const moleculerInRedis = (url: string): Contend =>
  moleculerWith({ type: 'Redis', options: { ttl, redis: url } });
