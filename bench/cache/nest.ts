import KeyvRedis from '@keyv/redis';
import { CacheInterceptor } from '@nestjs/cache-manager';
import { Reflector } from '@nestjs/core';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import { createCache } from 'cache-manager';
import { Keyv } from 'keyv';
import QuickLRU from 'quick-lru';
import { lastValueFrom, type Observable } from 'rxjs';
import { type Contend, type Contender, noHit, TTL_MINUTES } from './contender.js';

/** Asked for nothing but what it is annotated with. */
class OrdersController {
  readonly get = (): void => undefined;
}
const { get } = new OrdersController();

const httpAdapterHost = {
  httpAdapter: {
    getRequestMethod: ({ method }: { method: string }) => method,
    getRequestUrl: ({ url }: { url: string }) => url,
    setHeader: () => undefined,
  },
};

/**
 * Nest's interceptor as it is around a GET, which is its key. It knows no caller.
 * @param keys of what the store holds: it has no tags, and what else of a resource is cached is found by looking at every key
 */
function nest(store: Keyv, value: object, keys: () => Iterable<unknown> = () => []): Contender {
  const cache = createCache({ stores: [store] });
  const interceptor = new CacheInterceptor(cache, new Reflector());
  Object.assign(interceptor, { httpAdapterHost });
  const urlOf = (id: string): string => `/orders/${id}`;
  return {
    read: async (id) => {
      const args = [{ method: 'GET', url: urlOf(id) }, {}];
      const context = new ExecutionContextHost(args, OrdersController, get);
      const answer: Observable<unknown> = await interceptor.intercept(context, { handle: noHit });
      return lastValueFrom(answer);
    },
    fill: async (ids) => {
      for (const id of ids) await cache.set(urlOf(id), value, TTL_MINUTES * 60_000);
    },
    purge: async () => {
      for (const key of keys()) if (String(key).startsWith('/invoices/')) await cache.del(String(key));
    },
    close: () => store.disconnect(),
  };
}

/**
 * Over the kind of memory that ours is over.
 * @param copies Keyv writes and reads JSON, as is its default: everybody gets a copy of his own. Else, as is the default of
 * CacheModule, everybody gets the one object that is held, and may change it for the others
 */
const nestInMemory =
  (copies: boolean): Contend =>
  (size, value) => {
    const lru = new QuickLRU({ maxSize: Math.floor(size / 2) });
    const store = new Keyv({ store: lru, useKeyPrefix: false });
    if (!copies) {
      store.serialize = undefined;
      store.deserialize = undefined;
    }
    return Promise.resolve(nest(store, value, () => lru.keys()));
  };

export const nestThatCopies = nestInMemory(true);
export const nestThatShares = nestInMemory(false);

/** Over `@keyv/redis`, the store that Nest's documentation names. */
export const nestInRedis =
  (url: string): Contend =>
  (_, value) =>
    Promise.resolve(nest(new Keyv({ store: new KeyvRedis(url), useKeyPrefix: false }), value));
