import { createRequire } from 'node:module';
import { type CacheManagerStore, KeyvAdapter } from 'cache-manager';
import type * as IoredisYet from 'cache-manager-ioredis-yet';
import { Keyv } from 'keyv';
import { ConfigurationError } from '../../errors/configuration.error.js';
import { messageOf } from '../../utils/describe-error.js';
import { isRecord } from '../../utils/is-record.js';
import { RedisConnection } from '../../utils/redis-connection.js';
import type { OpenStores } from '../cache.options.js';
import { memoryStore } from '../cache.stores.js';
import { answerIn, type Entry } from '../entry.js';
import { cacheClient } from './cache.client.js';
import type { RedisTarget } from './redis-cache.options.js';

/** Answers in Redis, and those used last in this process too. */
export function redisStores(
  target: RedisTarget,
  { service, size, memory }: { readonly service: string; readonly size: number; readonly memory: boolean },
): OpenStores {
  const { redisInsStore } = ioredisYet();
  // All that is asked in one turn of the event loop is written at once.
  const client = cacheClient(target, { enableAutoPipelining: true });
  const connection = new RedisConnection(client, target.place, {
    what: `the answers of service "${service}"`,
    withoutIt: memory ? 'they are kept in memory alone' : 'nothing is kept',
  });
  const store = asTexts(redisInsStore(client) as unknown as CacheManagerStore);
  const far = new Keyv({ store: new KeyvAdapter(store), useKeyPrefix: false, throwOnErrors: true });
  far.serialize = undefined;
  far.deserialize = undefined;
  // `throwOnErrors` tells whoever calls; without a listener Keyv would end the process.
  far.on('error', () => undefined);
  return {
    stores: memory ? [memoryStore(size), far] : [far],
    close: () => {
      connection.close();
      return Promise.resolve();
    },
  };
}

/** What Keyv keeps of an entry. */
interface Kept {
  readonly value: Entry;
  readonly expires?: number;
}

/**
 * Entries as texts, in which the answer stands as it is. The store writes and reads by telejson, which walks through every part of an
 * object: hits are 1.13 times as fast so. The answer follows the first line break, of which JSON has none.
 */
function asTexts(store: CacheManagerStore): CacheManagerStore {
  return Object.assign(Object.create(store) as CacheManagerStore, {
    get: async (key: string) => keptIn(await store.get(key)),
    set: (key: string, kept: Kept, ttl?: number) => store.set(key, textOf(kept), ttl),
  });
}

function textOf({ value: { json, ...about }, expires }: Kept): string {
  return `${JSON.stringify({ ...about, expires })}\n${json}`;
}

/** `undefined`: it is none of these. */
function keptIn(text: unknown): Kept | undefined {
  if (typeof text !== 'string') return undefined;
  const end = text.indexOf('\n');
  const about = answerIn(text.slice(0, end))?.value;
  if (!isRecord(about)) return undefined;
  const { expires, ...rest } = about;
  return { value: { ...rest, json: text.slice(end + 1) } as Entry, ...(typeof expires === 'number' && { expires }) };
}

/** Loaded where it is used: who keeps only tokens, or runs, in Redis does not install it. */
function ioredisYet(): typeof IoredisYet {
  try {
    return createRequire(import.meta.url)('cache-manager-ioredis-yet') as typeof IoredisYet;
  } catch (cause) {
    throw new ConfigurationError(
      `redisCache: answers in Redis need the package cache-manager-ioredis-yet (${messageOf(cause)}). Install it, or say entries: false: ` +
        'answers are kept in memory then.',
      { cause },
    );
  }
}
