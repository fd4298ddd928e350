import { CacheInterceptor } from '@nestjs/cache-manager';
import { Reflector } from '@nestjs/core';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import { createCache } from 'cache-manager';
import { Keyv } from 'keyv';
import QuickLRU from 'quick-lru';
import { lastValueFrom, type Observable } from 'rxjs';
import { type Contend, noHit, TTL_MINUTES } from './contender.js';

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
 * Nest's interceptor as it is around a GET, which is its key, over the kind of store that ours is over. It knows no caller.
 * @param copies Keyv writes and reads JSON, as is its default: everybody gets a copy of his own. Else, as is the default of
 * CacheModule, everybody gets the one object that is held, and may change it for the others
 */
const nest =
  (copies: boolean): Contend =>
  (size, value) => {
    const lru = new QuickLRU({ maxSize: Math.floor(size / 2) });
    const store = new Keyv({ store: lru, useKeyPrefix: false });
    if (!copies) {
      store.serialize = undefined;
      store.deserialize = undefined;
    }
    const cache = createCache({ stores: [store] });
    const interceptor = new CacheInterceptor(cache, new Reflector());
    Object.assign(interceptor, { httpAdapterHost });
    const urlOf = (id: string): string => `/orders/${id}`;
    return Promise.resolve({
      read: async (id) => {
        const args = [{ method: 'GET', url: urlOf(id) }, {}];
        const context = new ExecutionContextHost(args, OrdersController, get);
        const answer: Observable<unknown> = await interceptor.intercept(context, { handle: noHit });
        return lastValueFrom(answer);
      },
      fill: async (ids) => {
        for (const id of ids) await cache.set(urlOf(id), value, TTL_MINUTES * 60_000);
      },
      // It has no tags: what else of the resource is cached is found by looking at every key.
      purge: async () => {
        for (const key of lru.keys()) if (String(key).startsWith('/invoices/')) await cache.del(String(key));
      },
      close: () => Promise.resolve(),
    });
  };

export const nestThatCopies = nest(true);
export const nestThatShares = nest(false);
