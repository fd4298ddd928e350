import type { Observable } from 'rxjs';
import { PurgeFailedError } from '../errors/purge-failed.error.js';
import { UnknownOperationError } from '../errors/unknown-operation.error.js';
import type { Caller } from '../message/workflow-message.js';
import type { BoundOperation, OperationRegistry } from '../operations/operation.registry.js';
import { OPERATION_CONTEXT_TYPE } from '../operations/operation.js';
import type { HandlerId } from '../operations/handler.js';
import type { Clock } from '../utils/clock.js';
import { toMilliseconds } from '../utils/duration.js';
import { Breaker } from './breaker.js';
import type { CacheCounters, CacheEvent } from './cache.event.js';
import { CacheEvents, FROM_CODE, type Origin } from './cache-events.js';
import { callerFrom } from './caller-from.js';
import { keyOf } from './cache-key.js';
import { type CacheSettings, DEFAULTS } from './cache.options.js';
import { MemoryCoherence } from './memory/memory.coherence.js';
import type { Coherence } from './coherence.js';
import { type CacheSource, Entries } from './entries.js';
import { entryOf } from './entry.js';
import { Flights } from './flights.js';
import { Mutation } from './mutation.js';
import { cachingOf, IT_CHANGES, type OperationCaching } from './operation-caching.js';
import { Purger } from './purger.js';
import { Reading } from './reading.js';
import {
  type Changed,
  changedBy,
  dependenciesOf,
  type FieldOf,
  fieldIn,
  fieldsAmong,
  replacedBy,
  type Tag,
} from './tags.js';

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

/** A call of a read, from wherever it comes. */
export interface Call {
  readonly contextType: string;
  readonly caller: Caller;
  /** JSON: the resolved input, and whatever else the answer depends on. */
  readonly input: unknown;
  /** Finds a field of the input as it came. */
  readonly fieldOf: FieldOf;
  readonly handler?: HandlerId;
  readonly origin: Origin;
  readonly collapses: boolean;
}

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
  private readonly events: CacheEvents;
  private readonly flights = new Flights();
  private readonly breaker: Breaker;
  private readonly purger: Purger;

  /** `undefined`: the cache is off; nothing is cached, and nothing purged. */
  private readonly entries: Entries | undefined;

  constructor(
    private readonly settings: CacheSettings,
    cache: CacheSource | undefined,
    private readonly coherence: Coherence,
    private readonly operations: OperationRegistry,
    private readonly clock: Clock,
  ) {
    this.events = new CacheEvents(settings.service, clock);
    this.events$ = this.events.events$;
    this.entries = cache && new Entries(cache, settings.timeout, clock);
    this.breaker = new Breaker(clock, coherence.shared ? settings.timeout : undefined);
    this.purger = new Purger(coherence, clock);
  }

  /** @internal Of a service that has none. */
  static off(service: string, operations: OperationRegistry, clock: Clock): StepCache {
    return new StepCache({ ...DEFAULTS, service, namespace: '' }, undefined, new MemoryCoherence(), operations, clock);
  }

  /** Whose reads it caches. */
  get service(): string {
    return this.settings.service;
  }

  /** @internal Tokens of one kind are one application's, or shared by several processes. */
  get tokens(): Coherence {
    return this.coherence;
  }

  /** @internal At boot, when every provider is there. @throws ConfigurationError for stores that cannot be used */
  open(): void {
    this.entries?.open();
  }

  /** Whether the service has a cache at all: `cache: false` says no. */
  get isOn(): boolean {
    return this.entries !== undefined;
  }

  /**
   * Runs what changes something and is no operation: an import, a job, a migration, a commit that comes after the response.
   * Purges after it, also when it fails, and before it resolves.
   *
   * @param changes what it changes; an empty list: anything of this service
   * @throws whatever `work` throws
   * @throws TypeError for an id of the caller that is no text or number; `work` has not been started
   * @throws PurgeFailedError when what is cached could not be purged. `work` has been done, then, and must not be done again
   */
  async mutation<T>(
    changes: ChangedResource | readonly ChangedResource[],
    work: () => T | Promise<T>,
    terms: MutationTerms = {},
  ): Promise<T> {
    const caller = callerFrom(terms.caller) ?? {};
    const { service } = this.settings;
    const list = Array.isArray(changes) ? (changes as readonly ChangedResource[]) : [changes as ChangedResource];
    const named = list.map(({ resource, id }): Changed => ({
      service,
      resource,
      id: id === undefined ? undefined : String(id),
    }));
    const mutation = this.mutationOf(null, named.length === 0 ? [{ service }] : named, caller, FROM_CODE);
    mutation.begin();
    try {
      return (await mutation.around(() => Promise.resolve(work()))) as T;
    } finally {
      await this.settle(mutation.end(), 'The work given to StepCache.mutation()');
    }
  }

  /**
   * Says what the cache would do with a step of this service, without executing it.
   *
   * @param input as the step would have it, resolved
   * @throws UnknownOperationError
   */
  async explain(operation: string, input: unknown, caller: Caller = {}): Promise<CacheExplanation> {
    const { service } = this.settings;
    const found = this.operations.get(service, operation);
    if (found === undefined) throw new UnknownOperationError(service, operation, this.operations.names(service));
    const fieldOf: FieldOf = (field) => fieldIn(input, field);
    const none = { operation, key: null, dependsOn: [], purges: [], ttl: null };
    if (found.mutates) {
      const purges = this.isOn ? replacedBy([changedBy(found, fieldOf)], caller) : [];
      return { ...none, answer: 'bypass', reason: this.isOn ? IT_CHANGES : 'the cache is off', purges };
    }
    const never = this.neverCached(found);
    if (never !== undefined) return { ...none, answer: 'bypass', reason: never };
    const key = this.keyOf(found, { contextType: OPERATION_CONTEXT_TYPE, caller, input });
    if (key === undefined || this.entries === undefined)
      return { ...none, answer: 'bypass', reason: 'the input is no JSON' };
    const dependencies = dependenciesOf(found, fieldOf, caller);
    const entry = entryOf(await this.entries.get(key), dependencies, this.clock.now());
    const tokens = entry && (await this.breaker.try(() => this.coherence.read(entry.tags)));
    const current = entry !== undefined && tokens?.every((token, at) => token === entry.tokens[at]);
    return {
      ...none,
      answer: current === true ? 'hit' : 'miss',
      reason:
        entry === undefined
          ? 'nothing is stored'
          : current === true
            ? 'stored, and nothing it depends on was changed since'
            : 'what it depends on was changed since it was stored',
      key,
      dependsOn: entry?.tags ?? dependencies.tags,
      ttl: this.ttlOf(found),
    };
  }

  /** What each operation of this service reads and purges, and how long its answers live, once the application is up. */
  describe(): readonly OperationCaching[] {
    const { service, knowsCallers = false } = this.settings;
    return this.operations.names(service).flatMap((name) => {
      const operation = this.operations.get(service, name);
      if (operation === undefined) return [];
      const never = this.isOn && operation.mutates ? IT_CHANGES : this.neverCached(operation);
      const ofHandler = this.operations.ofOneHandler(operation);
      return [cachingOf(operation, { never, ttl: this.ttlOf(operation), knowsCallers, ofHandler })];
    });
  }

  /** How often the cache did what, by operation, since the application is up. */
  counters(): Readonly<Record<string, CacheCounters>> {
    return this.events.counters();
  }

  /** @internal The bracket of a read; `undefined`: it is not cached, and `events$` says why. */
  reading(operation: BoundOperation, call: Call): Reading | undefined {
    const { entries, coherence, breaker, flights, clock } = this;
    const { maxEntryBytes, verifySampleRate } = this.settings;
    const { caller, origin, handler, collapses } = call;
    const never = this.neverCached(operation);
    const key = never === undefined ? this.keyOf(operation, call) : undefined;
    if (entries === undefined || key === undefined) {
      this.bypass(operation, origin, never ?? 'the input is no JSON');
      return undefined;
    }
    return new Reading(
      {
        entries, coherence, breaker, flights, clock, maxEntryBytes,
        sample: () => verifySampleRate > 0 && Math.random() < verifySampleRate,
        mutates: (nested) => this.operations.handledBy(nested).some(({ mutates }) => mutates),
        tell: (type, reason, tags) => {
          this.events.tell(type, operation.name, origin, reason, tags);
        },
      },
      {
        key, handler, caller, collapses,
        ttl: this.ttlOf(operation),
        dependencies: dependenciesOf(operation, call.fieldOf, caller),
        dependenciesOf: (args) => dependenciesOf(operation, fieldsOf(operation, args), caller),
      },
    ); // prettier-ignore
  }

  /** @internal Why no answer of the operation is cached, whatever its input. `undefined`: they may be. */
  neverCached({ cache, sensitiveInputFields = [], parameters }: BoundOperation): string | undefined {
    if (!this.isOn) return 'the cache is off';
    if (cache === false) return 'the operation says cache: false';
    if (parameters.madePerCall) return 'its controller is made anew for every call';
    return sensitiveInputFields.length > 0 ? 'its input holds secrets' : undefined;
  }

  /** @internal A read that is not cached. */
  bypass(operation: BoundOperation, origin: Origin, reason: string): void {
    if (this.isOn) this.events.tell('bypass', operation.name, origin, reason);
  }

  /** @internal The bracket of a mutation; `undefined`: the cache is off. Whoever makes the call purges after it. */
  mutating(
    operations: readonly BoundOperation[],
    caller: Caller | undefined,
    origin: Origin,
    hides?: (tag: Tag) => boolean,
  ): Mutation | undefined {
    const [first] = operations;
    if (!this.isOn || first === undefined) return undefined;
    this.events.tell('bypass', first.name, origin, IT_CHANGES);
    const widest = operations.map((operation) => changedBy(operation, () => undefined));
    return this.mutationOf(first.name, widest, caller, origin, operations, hides);
  }

  /** @internal Whether these tags have fresh tokens now, or may be left as they are. */
  async purge(
    tags: readonly Tag[],
    operation: string | null,
    origin: Origin,
    reason: string | null = null,
  ): Promise<boolean> {
    if (!this.isOn || tags.length === 0) return true;
    const purged = await this.purger.purge(tags);
    if (purged) this.events.tell('purge', operation, origin, reason, tags);
    return purged || this.settings.whenPurgeFails === 'proceed';
  }

  /** @internal What a step may have changed that was not seen to its end. */
  widest(operation: BoundOperation | undefined, caller: Caller): readonly Tag[] {
    const { service } = this.settings;
    return replacedBy([operation === undefined ? { service } : changedBy(operation, () => undefined)], caller);
  }

  /** @internal After a mutation outside a step: purged, or nobody is told. */
  async settle(purged: Promise<boolean>, what: string): Promise<void> {
    if (!(await purged)) throw new PurgeFailedError(what);
  }

  /** @internal */
  async close(): Promise<void> {
    await this.purger.close();
    await this.coherence.close();
  }

  private mutationOf(
    name: string | null,
    widest: readonly Changed[],
    caller: Caller | undefined,
    origin: Origin,
    own: readonly BoundOperation[] = [],
    hides: (tag: Tag) => boolean = () => false,
  ): Mutation {
    return new Mutation(
      {
        changes: (handler, args) => this.changesOf(handler, args, own),
        purge: (tags, reason) => this.purge(tags, name, origin, reason),
      },
      caller,
      widest,
      hides,
    );
  }

  /** @param own the operations called: a step, or a lookup, may have said more of them than is declared */
  private changesOf(handler: HandlerId, args: readonly unknown[], own: readonly BoundOperation[]): Changed[] {
    return this.operations.handledBy(handler).flatMap((declared) => {
      const operation =
        own.find(({ service, name }) => declared.service === service && declared.name === name) ?? declared;
      return operation.mutates ? [changedBy(operation, fieldsOf(operation, args))] : [];
    });
  }

  private keyOf(
    operation: BoundOperation,
    { contextType, caller, input }: Pick<Call, 'contextType' | 'caller' | 'input'>,
  ): string | undefined {
    const { namespace, service } = this.settings;
    const { version, vary = 'person' } = typeof operation.cache === 'object' ? operation.cache : {};
    return keyOf({ namespace, service, operation: operation.name, version, contextType, caller, vary, input });
  }

  /** Validated when the operation was declared. */
  private ttlOf({ cache }: BoundOperation): number {
    return (typeof cache === 'object' ? toMilliseconds(cache.ttl) : undefined) ?? this.settings.ttl;
  }
}

/** Finds fields of the input among what a handler really got. */
const fieldsOf = ({ parameters: { inputs } }: BoundOperation, args: readonly unknown[]): FieldOf =>
  fieldsAmong(inputs.map(({ index, field }) => ({ field, value: args[index] })));
