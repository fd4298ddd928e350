import type { CacheOptions, StoresDefinition } from '../cache.options.js';
import { memoryStore } from '../cache.stores.js';
import type { CoherenceDefinition } from '../coherence.js';
import { RedisCoherence } from './redis.coherence.js';
import { redisStores } from './redis.entries.js';
import { type RedisCacheOptions, targetOf } from './redis-cache.options.js';

/** The two halves of a cache in Redis, for the option `cache`. */
export interface RedisCache extends Required<Pick<CacheOptions, 'coherence' | 'stores'>> {
  /** The tokens: what says which answers are still true. */
  readonly coherence: CoherenceDefinition;
  /** The answers: in memory first, then in Redis. */
  readonly stores: StoresDefinition;
}

/**
 * A step cache that processes share by Redis: a read that starts after a mutation was acknowledged is not answered with what
 * was true before, in whichever process either of them is. Connects when the module opens its cache, and not before.
 *
 * @throws ConfigurationError for settings that cannot keep that promise, with the fix
 * @example
 * OrchestratorModule.forRoot({ service: 'orders', cache: redisCache({ url: 'redis://localhost:6379' }) })
 * OrchestratorModule.forRoot({ service: 'orders', cache: { ...redisCache({ url }), ttl: '1m' } })
 */
export function redisCache(options: RedisCacheOptions): RedisCache {
  const target = targetOf(options);
  const { entries = true, memory = true } = options;
  return {
    coherence: { kind: 'redis', create: (of) => new RedisCoherence(target, of) },
    stores: {
      kind: 'redis',
      create: ({ service, size }) =>
        entries
          ? redisStores(target, { service, size, memory })
          : { stores: [memoryStore(size)], close: () => Promise.resolve() },
    },
  };
}
