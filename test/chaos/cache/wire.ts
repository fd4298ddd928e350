import type { CacheCounters } from '../../../libs/orchestrator/src/index.js';
import type { Versions } from '../../support/coherence/history.js';
import type { ItemsPorts } from '../../support/coherence/items.client.js';

/** How an application of items is put together: given to its process as JSON in the variable ITEMS. */
export interface ItemsSetting {
  readonly url: string;
  readonly namespace: string;
  readonly seed: number;
  /** Whether answers are kept in the process too. Default: as `redisCache` does. */
  readonly memory?: boolean;
  /** Other tokens: a fault. */
  readonly fault?: 'counted tokens' | 'no epoch' | 'purge by pattern';
}

/** What a process asks the database, which is with whoever started it. */
export type Query =
  | { readonly kind: 'read'; readonly cells: readonly string[] }
  | { readonly kind: 'commit'; readonly mutation: number; readonly cell: string };

/** What a process says. */
export type Said =
  | (Query & { readonly id: number })
  | { readonly kind: 'ready'; readonly ports: ItemsPorts }
  | { readonly kind: 'counted'; readonly counters: Readonly<Record<string, CacheCounters>> };

/** What it is told. */
export type Told =
  { readonly kind: 'answer'; readonly id: number; readonly answer: Versions | number } | { readonly kind: 'count' };
