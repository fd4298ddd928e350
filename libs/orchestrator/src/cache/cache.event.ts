/** What the step cache did. */
export type CacheEventType = 'hit' | 'miss' | 'bypass' | 'fill' | 'purge' | 'difference';

/** Where a call came from. `code`: `stepCache.mutation()`, or the library itself. */
export type CacheContext = 'workflow' | 'rpc' | 'http' | 'code';

/** What operators watch of the step cache. It never holds inputs or answers; tags hold ids and tenants. */
export interface CacheEvent {
  /** Version of this schema. */
  readonly v: 1;
  readonly type: CacheEventType;
  readonly service: string;
  /** `null`: a purge that no operation of this service made. */
  readonly operation: string | null;
  /** Why: `not stored`, `purged`, `the cache is off`, … `null`: it needs no reason. */
  readonly reason: string | null;
  /** What an answer that was stored depends on; what a purge replaced. */
  readonly tags: readonly string[];
  readonly context: CacheContext;
  /** Of a step. */
  readonly workflow_id: string | null;
  readonly path: string | null;
  /** RFC 3339, milliseconds. */
  readonly at: string;
}

/** How often each of them happened to an operation, since the application is up. */
export type CacheCounters = Readonly<Record<CacheEventType, number>>;
