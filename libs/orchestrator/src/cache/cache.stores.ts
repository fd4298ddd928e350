import type { InjectionToken } from '@nestjs/common';
import { type Cache, createCache } from 'cache-manager';
import { Keyv } from 'keyv';
import QuickLRU from 'quick-lru';
import { ConfigurationError } from '../errors/configuration.error.js';
import { describe } from '../utils/describe.js';
import { messageOf } from '../utils/describe-error.js';
import type { CacheOptions, StoresDefinition } from './cache.options.js';

/** Where entries are kept. */
export interface EntryStores {
  /** The nearest first. */
  readonly stores: readonly Keyv[];
  /** Where the stores are this cache's own, and hold connections. */
  readonly close?: () => Promise<void>;
}

/** A store in this process: at most so many entries, those used least recently go first. */
export function memoryStore(size: number): Keyv {
  // Between its size and twice that are kept, for speed.
  const store = new Keyv({ store: new QuickLRU({ maxSize: Math.max(1, Math.floor(size / 2)) }), useKeyPrefix: false });
  // Entries cannot be changed by whoever holds them: the store need not copy them by way of a text.
  store.serialize = undefined;
  store.deserialize = undefined;
  return store;
}

/**
 * The cache that the options ask for.
 * @param existing finds a provider of the application
 * @throws ConfigurationError
 */
export function cacheOf(
  { stores, useExisting, size, service = '' }: CacheOptions & { readonly size: number; readonly service?: string },
  existing: (token: InjectionToken) => unknown,
): EntryStores {
  if (useExisting !== undefined) return existingCache(() => existing(useExisting), 'cache.useExisting');
  if (stores === undefined) return cacheOver([memoryStore(size)], 'cache.stores');
  if (!isDefinition(stores)) return cacheOver([stores].flat(), 'cache.stores');
  const { stores: made, close } = stores.create({ service, size });
  return { stores: cacheOver(made, `cache.stores (${stores.kind})`).stores, close };
}

const isDefinition = (stores: object): stores is StoresDefinition =>
  typeof (Object(stores) as Partial<StoresDefinition>).create === 'function';

/** @throws ConfigurationError for what is no Keyv store, and for one that would lose or repeat what it is given */
function cacheOver(stores: readonly unknown[], option: string): Cache {
  if (stores.length === 0) {
    throw new ConfigurationError(
      `OrchestratorModule: ${option} must name a store (got none). Leave it out: answers are kept in memory then.`,
    );
  }
  stores.forEach((store, at) => {
    refuseMistakes(store, `${option}[${at}]`);
  });
  return createCache({ stores: stores as Keyv[] });
}

/** @throws ConfigurationError for what is no cache of cache-manager 6 or later */
function existingCache(find: () => unknown, option: string): Cache {
  const fix = 'Import CacheModule.register() of @nestjs/cache-manager 3 or later, and give its token CACHE_MANAGER.';
  let found: unknown;
  try {
    found = find();
  } catch (cause) {
    const why = messageOf(cause);
    throw new ConfigurationError(`OrchestratorModule: ${option} must be the token of a provider (${why}). ${fix}`, {
      cause,
    });
  }
  const { stores } = Object(found) as { readonly stores?: unknown };
  if (Array.isArray(stores)) {
    for (const [at, store] of stores.entries()) refuseMistakes(store, `${option}.stores[${at}]`);
    return found as Cache;
  }
  throw new ConfigurationError(
    `OrchestratorModule: ${option} must be a cache of cache-manager 7, with its Keyv stores (got ${describe(found)}). ${fix}`,
  );
}

/** Whether a store holds its values in the memory of this process. */
export const isInProcess = (store: Keyv): boolean => storeOf(store) instanceof Map;

const storeOf = ({ opts }: Keyv): unknown => (Object(opts) as { readonly store?: unknown }).store;

function refuseMistakes(store: unknown, at: string): void {
  const { get, set, opts, mdel, stores } = Object(store) as Record<string, unknown>;
  const fix =
    'new Keyv({ store: new KeyvAdapter(store), useKeyPrefix: false, throwOnErrors: true }), with serialize and deserialize = undefined';
  if (typeof get !== 'function' || typeof set !== 'function' || opts === undefined) {
    let instead = 'Give new Keyv(…).';
    if (typeof mdel === 'function') instead = `It looks like a store of cache-manager 5: wrap it, ${fix}.`;
    if (Array.isArray(stores)) instead = 'It looks like a cache: give its stores, or its token as cache.useExisting.';
    throw new ConfigurationError(`OrchestratorModule: ${at} must be a Keyv store (got ${describe(store)}). ${instead}`);
  }
  const keyv = store as Keyv;
  if ((storeOf(keyv) as object | undefined)?.constructor.name !== 'KeyvAdapter') return;
  const wrong = [
    ...(keyv.useKeyPrefix ? ['useKeyPrefix is not false'] : []),
    ...(keyv.throwOnErrors ? [] : ['throwOnErrors is not true, so that errors would go unseen']),
    ...(keyv.serialize === undefined && keyv.deserialize === undefined
      ? []
      : ['it serializes what the store serializes again']),
  ];
  if (wrong.length === 0) return;
  throw new ConfigurationError(
    `OrchestratorModule: ${at} holds a store of cache-manager 5, and ${wrong.join(', and ')}. Make it so: ${fix}.`,
  );
}
