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
import { type ChangedResource, mutationArguments, type MutationTerms } from './mutation-arguments.js';
import { CACHE_OFF, cachingOf, IT_CHANGES, NO_JSON, notShared, type OperationCaching } from './operation-caching.js';
import { changedBy, dependenciesOf, replacedBy, type Tag } from './tags.js';

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
   * @throws TypeError for arguments that it does not have: `work` has not been started, nothing is purged
   * @throws PurgeFailedError when what is cached could not be purged. `work` has been started, then, and must not be started again;
   * what it threw, if it did, is the `cause`
   */
  async mutation<T>(
    changes: ChangedResource | readonly ChangedResource[],
    work: () => T | Promise<T>,
    terms: MutationTerms = {},
  ): Promise<T> {
    const { changes: named, caller } = mutationArguments(this.service, changes, work, terms);
    const mutation = this.brackets.changing(named, caller, FROM_CODE);
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
   * Says what the cache would do with a step of this service, without executing it. It says nothing of HTTP and RPC calls: they
   * have keys of their own, and are never answered with what a step has stored.
   *
   * @param input as the step would have it, resolved
   * @param by all of the caller: by default the person is part of the key
   * @throws UnknownOperationError
   * @throws TypeError for what is no caller
   */
  async explain(operation: string, input: unknown, by?: Caller): Promise<CacheExplanation> {
    const { service, brackets } = this;
    const caller = callerFrom(by) ?? {};
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
    const stranger = await brackets.stranger(found);
    if (stranger !== undefined) return { ...none, answer: 'bypass', reason: notShared(stranger) };
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

  /**
   * What each operation of this service reads and purges, and how long its answers live, once the application is up: as steps,
   * and in `neverInCalls` why its HTTP and RPC calls are not answered from the cache.
   */
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
