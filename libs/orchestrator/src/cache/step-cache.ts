import type { Observable } from 'rxjs';
import { UnknownOperationError } from '../errors/unknown-operation.error.js';
import type { Caller } from '../message/workflow-message.js';
import { OPERATION_CONTEXT_TYPE } from '../operations/operation.js';
import type { OperationRegistry } from '../operations/operation.registry.js';
import { type Brackets, requirePurged } from './brackets.js';
import type { CacheCounters, CacheEvent } from './cache.event.js';
import { FROM_CODE } from './cache-events.js';
import { callerFrom } from './caller-from.js';
import { type FieldOf, fieldIn } from './fields.js';
import { CACHE_OFF, cachingOf, IT_CHANGES, NO_JSON, type OperationCaching } from './operation-caching.js';
import { type Changed, changedBy, dependenciesOf, replacedBy, type Tag } from './tags.js';

/** What a writer that is no handler changes: an instance of a resource of this service, or all of it. */
export interface ChangedResource {
  readonly resource: string;
  /** Which instance. Default: any. */
  readonly id?: string | number;
}

/** For whom a writer that is no handler changes something. */
export interface MutationTerms {
  /** Default: nobody's tenant, so that no tenant is served what was before. */
  readonly caller?: Caller;
}

/** What the cache would do with a call, without making it. */
export interface CacheExplanation {
  readonly operation: string;
  readonly answer: 'hit' | 'miss' | 'bypass';
  /** Why. */
  readonly reason: string;
  /** Under which the answer is stored. `null`: it is not. */
  readonly key: string | null;
  /** What a cached answer depends on, as far as the input says. */
  readonly dependsOn: readonly Tag[];
  /** What a mutation would replace. */
  readonly purges: readonly Tag[];
  /** Milliseconds for which an answer is served at most. `null`: none is. */
  readonly ttl: number | null;
}

const NOTHING_STORED = { answer: 'miss', reason: 'nothing is stored' } as const;
const SERVED = { answer: 'hit', reason: 'stored, and nothing it depends on was changed since' } as const;
const CHANGED_SINCE = { answer: 'miss', reason: 'what it depends on was changed since it was stored' } as const;

/**
 * The cache of one service's reads. A read that starts after a mutation was acknowledged is never answered with what was true
 * before it, as long as every mutation is declared and all that share the resources share the tokens: `docs/cache.md`.
 *
 * @example
 * constructor(private readonly cache: StepCache) {}
 * importPrices(rows: Row[]): Promise<void> {
 *   return this.cache.mutation({ resource: 'price' }, () => this.prices.replaceAll(rows));
 * }
 */
export class StepCache {
  /** Everything the cache does, as it does it. */
  readonly events$: Observable<CacheEvent>;

  constructor(
    private readonly brackets: Brackets,
    private readonly operations: OperationRegistry,
  ) {
    this.events$ = brackets.events.events$;
  }

  /** Whose reads it caches. */
  get service(): string {
    return this.brackets.settings.service;
  }

  /** Whether the service has a cache at all: `cache: false` says no. */
  get isOn(): boolean {
    return this.brackets.isOn;
  }

  /**
   * Runs what changes something and is no operation: an import, a job, a migration, a commit that comes after the response.
   * Purges after it, also when it fails, and before it resolves.
   *
   * @param changes what it changes; an empty list: anything of this service
   * @throws whatever `work` throws
   * @throws TypeError for an id of the caller that is no text or number; `work` has not been started
   * @throws PurgeFailedError when what is cached could not be purged. `work` has been started, then, and must not be started again;
   * what it threw, if it did, is the `cause`
   */
  async mutation<T>(
    changes: ChangedResource | readonly ChangedResource[],
    work: () => T | Promise<T>,
    terms: MutationTerms = {},
  ): Promise<T> {
    const caller = callerFrom(terms.caller) ?? {};
    const { service } = this;
    const list = Array.isArray(changes) ? (changes as readonly ChangedResource[]) : [changes as ChangedResource];
    const named = list.map(({ resource, id }): Changed => ({
      service,
      resource,
      id: id === undefined ? undefined : String(id),
    }));
    const mutation = this.brackets.changing(named.length === 0 ? [{ service }] : named, caller, FROM_CODE);
    mutation.begin();
    const purge = (failure?: ErrorOptions): Promise<void> =>
      requirePurged(mutation.end(), 'The work given to StepCache.mutation()', failure);
    let answer: unknown;
    try {
      answer = await mutation.around(() => Promise.resolve(work()));
    } catch (error) {
      await purge({ cause: error });
      throw error;
    }
    await purge();
    return answer as T;
  }

  /**
   * Says what the cache would do with a step of this service, without executing it.
   *
   * @param input as the step would have it, resolved
   * @throws UnknownOperationError
   */
  async explain(operation: string, input: unknown, caller: Caller = {}): Promise<CacheExplanation> {
    const { service, brackets } = this;
    const found = this.operations.get(service, operation);
    if (found === undefined) throw new UnknownOperationError(service, operation, this.operations.names(service));
    const fieldOf: FieldOf = (field) => fieldIn(input, field);
    const none = { operation, key: null, dependsOn: [], purges: [], ttl: null };
    if (found.mutates) {
      const purges = brackets.isOn ? replacedBy([changedBy(found, fieldOf)], caller) : [];
      return { ...none, answer: 'bypass', reason: brackets.isOn ? IT_CHANGES : CACHE_OFF, purges };
    }
    const never = brackets.neverCached(found);
    if (never !== undefined) return { ...none, answer: 'bypass', reason: never };
    const key = brackets.keyOf(found, { contextType: OPERATION_CONTEXT_TYPE, caller, input });
    if (key === undefined) return { ...none, answer: 'bypass', reason: NO_JSON };
    const dependencies = dependenciesOf(found, fieldOf, caller);
    const stored = await brackets.stored(key, dependencies);
    return {
      ...none,
      ...(stored === undefined ? NOTHING_STORED : stored.current ? SERVED : CHANGED_SINCE),
      key,
      dependsOn: stored?.entry.tags ?? dependencies.tags,
      ttl: brackets.ttlOf(found),
    };
  }

  /** What each operation of this service reads and purges, and how long its answers live, once the application is up. */
  describe(): readonly OperationCaching[] {
    const { service, brackets } = this;
    const knowsCallers = brackets.settings.callerOf !== undefined;
    return this.operations.names(service).flatMap((name) => {
      const operation = this.operations.get(service, name);
      if (operation === undefined) return [];
      const never = brackets.isOn && operation.mutates ? IT_CHANGES : brackets.neverCached(operation);
      const ofHandler = this.operations.ofOneHandler(operation);
      return [cachingOf(operation, { never, ttl: brackets.ttlOf(operation), knowsCallers, ofHandler })];
    });
  }

  /** How often the cache did what, by operation, since the application is up. */
  counters(): Readonly<Record<string, CacheCounters>> {
    return this.brackets.events.counters();
  }
}
