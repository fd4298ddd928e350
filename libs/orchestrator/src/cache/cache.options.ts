import type { ExecutionContext, InjectionToken } from '@nestjs/common';
import type { Keyv } from 'keyv';
import type { Caller } from '../message/workflow-message.js';
import type { Duration } from '../utils/duration.js';
import type { CoherenceDefinition } from './coherence.js';

/** Says for whom an HTTP or RPC call acts; `undefined`: for nobody that is known. */
export type ResolveCaller = (context: ExecutionContext) => Caller | undefined | Promise<Caller | undefined>;

/**
 * A Keyv, of either build: Keyv comes once for `import` and once for `require`, and as a class with private members each fits
 * only itself.
 */
export type KeyvStore = Pick<
  Keyv,
  'opts' | 'get' | 'set' | 'delete' | 'serialize' | 'deserialize' | 'useKeyPrefix' | 'throwOnErrors'
>;

/** Stores that are made when the module opens its cache, and closed with it. */
export interface OpenStores {
  /** The nearest first. */
  readonly stores: readonly KeyvStore[];
  /** Lets go of connections. */
  readonly close: () => Promise<void>;
}

/** What `cache.stores` of the module's options may hold instead of stores: inert until the module opens its cache. */
export interface StoresDefinition {
  readonly kind: string;
  /** @param of whose they are, and how many answers are kept in memory at most */
  create(of: { readonly service: string; readonly size: number }): OpenStores;
}

/** How answers of reads are cached, and what a mutation does when it cannot purge them. Everything has a default. */
export interface CacheOptions {
  /** How long an answer is served at most, unless its operation says otherwise. Default `'5m'`. */
  readonly ttl?: Duration;
  /** How many answers are kept in memory at most; those used least recently go first. Default 10,000. Not of `stores` that are yours, and of `useExisting`. */
  readonly size?: number;
  /** Larger answers are not stored, in bytes of JSON. Default 65,536. */
  readonly maxEntryBytes?: number;
  /**
   * Where answers are kept instead of in memory: any Keyv stores, the nearest first. They are whoever's who made them: never
   * cleared or closed. Or a definition, as `redisCache()` of `nest-orchestrator/redis` gives one: then the module makes and closes them.
   */
  readonly stores?: KeyvStore | readonly KeyvStore[] | StoresDefinition;
  /** The token of the application's own cache, whose stores are shared: `CACHE_MANAGER` of `@nestjs/cache-manager`. */
  readonly useExisting?: InjectionToken;
  /** How long a store outside this process, and the tokens, are waited for by a read. Default `'50ms'`. */
  readonly timeout?: Duration;
  /** Where the tokens are kept. Default: in memory, shared by the services of this process. */
  readonly coherence?: CoherenceDefinition;
  /**
   * What becomes of a mutation that cannot be purged after. `'strict'`, the default: nobody is told that it happened until it
   * can. `'proceed'`: it goes on, and a read may be old for as long as `ttl`.
   */
  readonly whenPurgeFails?: 'strict' | 'proceed';
  /** Says that other processes may change what this one caches, and that reads may be as old as `ttl` then. Default `false`. */
  readonly processLocal?: boolean;
  /** The share of hits, 0 to 1, that are executed all the same, to find writers that nobody declared. Default 0. */
  readonly verifySampleRate?: number;
}

/** The options with every default filled in and every duration in milliseconds. */
export interface CacheSettings {
  readonly service: string;
  readonly namespace: string;
  readonly ttl: number;
  readonly size: number;
  readonly maxEntryBytes: number;
  readonly timeout: number;
  readonly whenPurgeFails: 'strict' | 'proceed';
  readonly verifySampleRate: number;
  /** The option `caller`. */
  readonly callerOf?: ResolveCaller | undefined;
}

/** What the options are where they say nothing. */
export const DEFAULTS = {
  ttl: 5 * 60_000,
  size: 10_000,
  maxEntryBytes: 65_536,
  timeout: 50,
  whenPurgeFails: 'strict',
  verifySampleRate: 0,
} as const satisfies Partial<CacheSettings>;
