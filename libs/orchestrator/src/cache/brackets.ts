import { PurgeFailedError } from '../errors/purge-failed.error.js';
import type { Caller } from '../message/workflow-message.js';
import type { HandlerId } from '../operations/handler.js';
import type { BoundOperation, OperationRegistry } from '../operations/operation.registry.js';
import type { Clock } from '../utils/clock.js';
import { toMilliseconds } from '../utils/duration.js';
import { Breaker } from './breaker.js';
import { CacheEvents, FROM_CODE, type Origin } from './cache-events.js';
import { keyOf } from './cache-key.js';
import { type CacheSettings, DEFAULTS } from './cache.options.js';
import type { Coherence } from './coherence.js';
import { type CacheSource, Entries } from './entries.js';
import { type Entry, entryOf } from './entry.js';
import { type FieldOf, fieldsOf } from './fields.js';
import { Flights } from './flights.js';
import { MemoryCoherence } from './memory/memory.coherence.js';
import { Mutation } from './mutation.js';
import { Owners } from './owners.js';
import { CACHE_OFF, IT_CHANGES, NO_JSON } from './operation-caching.js';
import { Purger } from './purger.js';
import { Reading } from './reading.js';
import { same } from './same.js';
import { type Changed, changedBy, type Dependencies, dependenciesOf, ownerOf, replacedBy, type Tag } from './tags.js';

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

/** Makes what stands around the calls of one service's operations: a reading, or a mutation; and purges. */
export class Brackets {
  readonly events: CacheEvents;
  private readonly flights: Flights;
  private readonly breaker: Breaker;
  private readonly purger: Purger;
  private readonly owners: Owners;
  /** `undefined`: the cache is off; nothing is cached, and nothing purged. */
  private readonly entries: Entries | undefined;

  /**
   * @param coherence of the service: one application's own, or shared by several processes
   * @param others those of the other services of the application: each purges what is its own
   */
  constructor(
    readonly settings: CacheSettings,
    cache: CacheSource | undefined,
    readonly coherence: Coherence,
    private readonly operations: OperationRegistry,
    private readonly clock: Clock,
    private readonly others: (service: string) => Brackets | undefined = () => undefined,
  ) {
    this.flights = new Flights(clock);
    this.events = new CacheEvents(settings.service, clock);
    this.entries = cache && new Entries(cache, settings.timeout, clock);
    this.breaker = new Breaker(clock, coherence instanceof MemoryCoherence ? undefined : settings.timeout);
    this.owners = new Owners(settings.service, coherence, this.breaker, clock);
    this.purger = new Purger(coherence, clock, (tags) => {
      this.events.tell('purge', null, FROM_CODE, 'owed', tags);
    });
  }

  /** Of a service whose cache is off. */
  static off(service: string, operations: OperationRegistry, clock: Clock): Brackets {
    return new Brackets({ ...DEFAULTS, service, namespace: '' }, undefined, new MemoryCoherence(), operations, clock);
  }

  get isOn(): boolean {
    return this.entries !== undefined;
  }

  /** At boot, when every provider is there. @throws ConfigurationError for stores that cannot be used */
  open(): void {
    this.entries?.open();
    if (this.isOn) this.coherence.show();
  }

  /** A service of another process that an operation reads of, and that is not seen to share the tokens. */
  stranger(operation: BoundOperation): Promise<string | undefined> {
    return this.owners.strangerAmong(this.ownersElsewhere(operation));
  }

  private ownersElsewhere({ service, reads = [] }: BoundOperation): readonly string[] {
    if (!this.coherence.shared) return [];
    const owners = reads.map(({ service: owner = service }) => owner);
    return owners.filter((owner) => owner !== service && this.others(owner) === undefined);
  }

  /** The bracket of a read; `undefined`: it is not cached, and `events$` says why. */
  reading(operation: BoundOperation, call: Call): Reading | undefined {
    const { entries, coherence, breaker, flights, clock, owners } = this;
    const { maxEntryBytes, verifySampleRate } = this.settings;
    const { caller, origin, handler, collapses } = call;
    const never = this.neverCached(operation);
    const key = never === undefined ? this.keyOf(operation, call) : undefined;
    if (entries === undefined || key === undefined) {
      this.bypass(operation, origin, never ?? NO_JSON);
      return undefined;
    }
    return new Reading(
      {
        entries, coherence, breaker, flights, clock, owners, maxEntryBytes,
        sample: () => verifySampleRate > 0 && Math.random() < verifySampleRate,
        mutates: (nested) => this.operations.mutates(nested),
        tell: (type, reason, tags) => {
          this.events.tell(type, operation.name, origin, reason, tags);
        },
      },
      {
        key, handler, caller, collapses,
        ttl: this.ttlOf(operation),
        owners: this.ownersElsewhere(operation),
        dependencies: dependenciesOf(operation, call.fieldOf, caller),
        dependenciesOf: (args) => dependenciesOf(operation, fieldsOf(operation, args), caller),
      },
    ); // prettier-ignore
  }

  /** What is stored under a key, and whether it would be served now. */
  async stored(
    key: string,
    dependencies: Dependencies,
  ): Promise<{ readonly entry: Entry; readonly current: boolean } | undefined> {
    const entry = entryOf(await this.entries?.get(key), dependencies, this.clock.now());
    if (entry === undefined) return undefined;
    const tokens = await this.breaker.try(() => this.coherence.read(entry.tags));
    return { entry, current: tokens !== undefined && same(tokens, entry.tokens) };
  }

  /** Why no answer of the operation is cached, whatever its input. `undefined`: they may be. */
  neverCached(operation: BoundOperation): string | undefined {
    const { cache, sensitiveInputFields = [], parameters, undeclared = false, changingMethod } = operation;
    if (!this.isOn) return CACHE_OFF;
    if (cache === false) return 'the operation says cache: false';
    if (parameters.madePerCall) return 'its controller is made anew for every call';
    if (sensitiveInputFields.length > 0) return 'its input holds secrets';
    return undeclared && changingMethod !== undefined
      ? `its route is for ${changingMethod}, and nothing says whether it changes something`
      : undefined;
  }

  /** A read that is not cached. */
  bypass(operation: BoundOperation, origin: Origin, reason: string): void {
    if (this.isOn) this.events.tell('bypass', operation.name, origin, reason);
  }

  /** The bracket of a mutation; `undefined`: the cache is off. Whoever makes the call purges after it. */
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

  /** A mutation that is no call of an operation. */
  changing(changes: readonly Changed[], caller: Caller, origin: Origin): Mutation {
    return this.mutationOf(null, changes, caller, origin);
  }

  /**
   * Whether these tags have fresh tokens now, or may be left as they are. What belongs to another service, whose handler was
   * called too, is purged as that service says.
   */
  async purge(
    tags: readonly Tag[],
    operation: string | null,
    origin: Origin,
    reason: string | null = null,
  ): Promise<boolean> {
    if (tags.length === 0) return true;
    const byOwner = new Map<Brackets, Tag[]>();
    for (const tag of tags) {
      const owner = this.ownerOf(tag);
      const own = byOwner.get(owner) ?? [];
      own.push(tag);
      byOwner.set(owner, own);
    }
    const purged = await Promise.all(
      Array.from(byOwner, ([owner, own]) => owner.purgeOwn(own, owner === this ? operation : null, origin, reason)),
    );
    return !purged.includes(false);
  }

  private ownerOf(tag: Tag): Brackets {
    const owner = ownerOf(tag);
    const other = owner === this.settings.service ? undefined : this.others(owner);
    return other?.isOn === true ? other : this;
  }

  private async purgeOwn(
    tags: readonly Tag[],
    operation: string | null,
    origin: Origin,
    reason: string | null,
  ): Promise<boolean> {
    if (!this.isOn) return true;
    const purged = await this.purger.purge(tags);
    if (purged) this.events.tell('purge', operation, origin, reason, tags);
    return purged || this.settings.whenPurgeFails === 'proceed';
  }

  /** What a step may have changed that was not seen to its end. */
  widest(operation: BoundOperation | undefined, caller: Caller): readonly Tag[] {
    const { service } = this.settings;
    return replacedBy([operation === undefined ? { service } : changedBy(operation, () => undefined)], caller);
  }

  /** Pays what is owed, and lets go of the tokens and of stores that it has opened. */
  async close(): Promise<void> {
    await this.purger.close();
    await this.coherence.close();
    await this.entries?.close();
  }

  /** `undefined`: the input is no JSON. */
  keyOf(
    operation: BoundOperation,
    { contextType, caller, input }: Pick<Call, 'contextType' | 'caller' | 'input'>,
  ): string | undefined {
    const { namespace, service } = this.settings;
    const { version, vary = 'person' } = typeof operation.cache === 'object' ? operation.cache : {};
    return keyOf({ namespace, service, operation: operation.name, version, contextType, caller, vary, input });
  }

  /** In milliseconds. */
  ttlOf(operation: BoundOperation): number {
    return ttlOf(operation, this.settings);
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
}

/**
 * @param failure how the call itself failed, if it did
 * @throws PurgeFailedError where what was changed is not purged: nobody is told, then
 */
export async function requirePurged(purged: Promise<boolean>, what: string, failure?: ErrorOptions): Promise<void> {
  if (!(await purged)) throw new PurgeFailedError(what, failure);
}

/** Milliseconds for which an answer of a service's operations is served at most, as far as they are known. */
export const longestTtlOf = (operations: OperationRegistry, settings: CacheSettings): number =>
  [...operations.all()]
    .filter(({ service }) => service === settings.service)
    .reduce((longest, operation) => Math.max(longest, ttlOf(operation, settings)), settings.ttl);

const ttlOf = ({ cache }: BoundOperation, { ttl }: CacheSettings): number =>
  (typeof cache === 'object' ? toMilliseconds(cache.ttl) : undefined) ?? ttl;
