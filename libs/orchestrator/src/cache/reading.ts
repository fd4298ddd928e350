import { isObservable } from 'rxjs';
import type { Caller } from '../message/workflow-message.js';
import { handlerName, type HandlerId } from '../operations/handler.js';
import { Bracket } from '../operations/handler-call.js';
import { UncoveredMutationError } from '../errors/uncovered-mutation.error.js';
import type { Clock } from '../utils/clock.js';
import type { Breaker } from './breaker.js';
import type { CacheEventType } from './cache.event.js';
import type { Coherence } from './coherence.js';
import type { Entries } from './entries.js';
import { answerIn, type Entry, entryOf, jsonOf } from './entry.js';
import { Flight, type Flights, type Generation } from './flights.js';
import type { Dependencies, Tag } from './tags.js';

/** What is asked, by whom, and how long its answer is good. */
export interface Asked {
  readonly key: string;
  readonly handler: HandlerId | undefined;
  readonly caller: Caller;
  /** Milliseconds. */
  readonly ttl: number;
  /** What the answer depends on, as far as the input says that; the arguments, after pipes, may say otherwise. */
  readonly dependencies: Dependencies;
  readonly dependenciesOf: (args: readonly unknown[]) => Dependencies;
  /** An Observable's last value is the answer. Else only one with a single value is cached, and nobody waits for it. */
  readonly collapses: boolean;
}

/** What a reading needs of the cache it reads. */
export interface ReadingPorts {
  readonly entries: Entries;
  readonly coherence: Coherence;
  /** Around the coherence: reads do not wait for one that is slow. */
  readonly breaker: Breaker;
  readonly flights: Flights;
  readonly clock: Clock;
  /** In bytes. Larger answers are not stored. */
  readonly maxEntryBytes: number;
  /** Whether this hit is to be checked against what the handler answers now. */
  readonly sample: () => boolean;
  readonly mutates: (handler: HandlerId) => boolean;
  readonly tell: (type: CacheEventType, reason?: string, tags?: readonly Tag[]) => void;
}

/**
 * A call that changes nothing: answered from the cache where an entry carries the very tokens that its tags have now; else
 * executed, and its answer stored with the tokens that were read before the handler started. A purge between that and the
 * answer makes the entry one that is never served (the generation, or lease, of Facebook's memcache, Nishtala et al. 2013,
 * with a random token instead of a counter).
 */
export class Reading extends Bracket {
  /** How the call was answered. */
  answered: 'hit' | 'miss' | 'bypass' = 'bypass';
  /** Tokens of when the call started: of its tags, then of their collections. */
  private before: readonly string[] = [];
  /** Of its tags alone. */
  private tokens: readonly string[] = [];
  private flight: Flight | undefined;

  constructor(
    private readonly ports: ReadingPorts,
    private readonly asked: Asked,
  ) {
    super();
  }

  override get caller(): Caller {
    return this.asked.caller;
  }

  override async around(next: () => Promise<unknown>): Promise<unknown> {
    const found = await this.find();
    return found === undefined ? this.execute(next) : this.checked(found.value, next);
  }

  /** The cached answer, or one that another call is making. `undefined`: execute, then `fill` or `fail`. */
  async find(): Promise<{ readonly value: unknown } | undefined> {
    const { entries, clock } = this.ports;
    const { key, dependencies } = this.asked;
    const [stored, before] = await Promise.all([entries.get(key), this.read(dependencies)]);
    if (before === undefined) {
      this.bypass('the tokens could not be read');
      return;
    }
    this.before = before;
    this.tokens = before.slice(0, dependencies.tags.length);
    const entry = entryOf(stored, dependencies, clock.now());
    const current = entry !== undefined && (await this.isCurrent(entry));
    const answer = current ? answerIn(entry.json) : undefined;
    if (answer !== undefined) return this.hit(answer);
    const { flight, own } = await this.board(key);
    const landing = own ? undefined : await flight.landed;
    if (landing !== undefined) {
      const shared = answerIn(landing);
      if (shared !== undefined) return this.hit(shared, 'another call was making it');
    }
    this.flight = own ? flight : new Flight(before); // a failure is not shared: who waited for it executes alone
    this.answered = 'miss';
    this.ports.tell('miss', reasonOf(stored, entry));
    return undefined;
  }

  /** The handler has answered. */
  async fill(value: unknown): Promise<void> {
    const { flight } = this;
    if (flight === undefined) return;
    const json = jsonOf(value);
    flight.end(json);
    const { generation } = flight;
    if (json === undefined) {
      this.bypass('there is no answer, or it is no JSON');
      return;
    }
    if (generation === undefined || generation.tokens.length === 0) return;
    const { entries, clock, maxEntryBytes } = this.ports;
    if (Buffer.byteLength(json) > maxEntryBytes) {
      this.bypass('the answer is too large');
      return;
    }
    const { key, ttl } = this.asked;
    const entry: Entry = { v: 1, json, ...generation, until: clock.now() + ttl };
    if (await entries.set(key, entry, ttl)) this.ports.tell('fill', undefined, generation.tags);
  }

  /** The handler has not answered, or not with one answer. */
  fail(): void {
    this.flight?.end(undefined);
  }

  override starting(handler: HandlerId, args: readonly unknown[]): Promise<void> | undefined {
    if (!this.isOwn(handler)) {
      if (this.ports.mutates(handler)) throw new UncoveredMutationError(handlerName(handler));
      return undefined;
    }
    const { flight, before, tokens } = this;
    if (flight === undefined) return undefined;
    const { dependencies } = this.asked;
    const found = this.asked.dependenciesOf(args);
    const { tags, fixed } = found;
    if (same(tags, dependencies.tags)) {
      flight.generation = { tags, tokens };
      return undefined;
    }
    return this.read(found).then((now = []) => {
      // A pipe may have read already what the handler will answer: these tokens are as old as that where nothing has changed.
      const unchanged =
        same(now.slice(0, fixed), before.slice(0, fixed)) && same(now.slice(tags.length), before.slice(tokens.length));
      flight.generation = { tags, tokens: unchanged ? now.slice(0, tags.length) : [] };
    });
  }

  override returned(handler: HandlerId, result: unknown): void {
    if (this.asked.collapses || !this.isOwn(handler)) return;
    const release = (value: unknown): void => {
      if (isObservable(value)) this.fail();
    };
    if (result instanceof Promise) void result.then(release, () => undefined);
    else release(result);
  }

  /** The answer of a hit; one in a sample is asked for again, to find writers that nobody declared. */
  async checked(value: unknown, next: () => Promise<unknown>): Promise<unknown> {
    if (!this.ports.sample()) return value;
    const { dependencies } = this.asked;
    const before = await this.read(dependencies);
    const now = await next().then(jsonOf, () => undefined);
    const after = await this.read(dependencies);
    if (before === undefined || after === undefined || !same(before, after) || now === undefined) return value;
    if (now === jsonOf(value)) return value;
    this.ports.tell('difference', 'the handler answers otherwise now, and nothing was purged', dependencies.tags);
    return JSON.parse(now);
  }

  private async execute(next: () => Promise<unknown>): Promise<unknown> {
    try {
      const value = await next();
      await this.fill(value);
      return value;
    } catch (error) {
      this.fail();
      throw error;
    }
  }

  /** A flight of one's own, or another's that may be joined. */
  private async board(key: string): Promise<{ readonly flight: Flight; readonly own: boolean }> {
    const { flights } = this.ports;
    for (;;) {
      const flight = flights.get(key);
      if (flight === undefined) return { flight: flights.begin(key, this.before), own: true };
      const { generation } = flight;
      const joins = generation === undefined ? same(flight.before, this.before) : await this.isCurrent(generation);
      if (joins) return { flight, own: false };
      if (flights.get(key) === flight) return { flight: flights.begin(key, this.before), own: true };
    }
  }

  /** Whether these tokens, read earlier by somebody, are those that the tags have had since this call started. */
  private async isCurrent({ tags, tokens }: Generation): Promise<boolean> {
    if (tokens.length === 0) return false;
    const now = same(tags, this.asked.dependencies.tags) ? this.tokens : await this.read({ tags });
    return now !== undefined && same(tokens, now);
  }

  private read({
    tags,
    collections = [],
  }: Pick<Dependencies, 'tags'> & Partial<Dependencies>): Promise<readonly string[] | undefined> {
    return this.ports.breaker.try(() => this.ports.coherence.read([...tags, ...collections]));
  }

  private isOwn({ type, methodName }: HandlerId): boolean {
    const { handler } = this.asked;
    return handler === undefined || (handler.type === type && handler.methodName === methodName);
  }

  private hit(answer: { readonly value: unknown }, reason?: string): { readonly value: unknown } {
    this.answered = 'hit';
    this.ports.tell('hit', reason);
    return answer;
  }

  private bypass(reason: string): undefined {
    this.ports.tell('bypass', reason);
    return undefined;
  }
}

function reasonOf(stored: unknown, entry: unknown): string {
  if (stored === undefined) return 'not stored';
  return entry === undefined ? 'not readable, or expired' : 'purged';
}

function same(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((item, at) => item === other[at]);
}
