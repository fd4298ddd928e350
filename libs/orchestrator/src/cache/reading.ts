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
import { answerIn, answerOf, type Entry, entryOf } from './entry.js';
import { Flight, type Flights, type Generation, NOTHING, type Passenger, UNSHARED } from './flights.js';
import { jsonOf } from './json.js';
import { notShared } from './operation-caching.js';
import type { Owners } from './owners.js';
import { begins, same } from './same.js';
import type { Dependencies, Tag } from './tags.js';

/** Milliseconds after its start for which an HTTP or RPC call is waited for by others that ask the same. */
const WAITED_FOR = 10_000;

/** An answer that depends on more is not stored: each of them is kept with it, and read with every hit. */
const MOST_TAGS = 256;

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
  /** Services of other processes whose resources it reads. */
  readonly owners: readonly string[];
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
  readonly owners: Owners;
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
 * with a token that is never given twice instead of a counter).
 */
export class Reading extends Bracket {
  /** How the call was answered. */
  answered: 'hit' | 'miss' | 'bypass' = 'bypass';
  /** Tokens as they were when the call began, before anything of it was made. */
  private readonly known = new Map<Tag, string>();
  private readonly since: number;
  private flight: Flight | undefined;
  /** Its handler has. */
  private started = false;
  private failed = false;
  /** What the answer depends on, once its handler has started. */
  private readonly dependsOn = new Set<Tag>();

  constructor(
    private readonly ports: ReadingPorts,
    private readonly asked: Asked,
  ) {
    super();
    this.since = ports.clock.monotonic();
  }

  override get caller(): Caller {
    return this.asked.caller;
  }

  override async around(next: () => Promise<unknown>): Promise<unknown> {
    const found = await this.find();
    if (found !== undefined) return this.checked(found.value, next);
    if (this.failed) throw new Error('Nobody waits for it any more.'); // and nobody hears of this
    return this.execute(next);
  }

  /** The cached answer, or one that another call is making. `undefined`: execute, unless it has failed; then `fill` or `fail`. */
  async find(): Promise<{ readonly value: unknown } | undefined> {
    const { entries, clock } = this.ports;
    const { key, dependencies, owners } = this.asked;
    const tags = [...dependencies.tags, ...dependencies.collections];
    const [stored, tokens] = await Promise.all([entries.get(key), this.read(tags)]);
    if (tokens === undefined) {
      this.bypass('the tokens could not be read');
      return undefined;
    }
    const stranger = owners.length === 0 ? undefined : await this.ports.owners.strangerAmong(owners);
    if (stranger !== undefined) {
      this.bypass(notShared(stranger));
      return undefined;
    }
    this.learn(tags, tokens);
    const entry = entryOf(stored, dependencies, clock.now());
    const asAsked = entry !== undefined && begins(tags, entry.tags) && begins(tokens, entry.tokens);
    const current = asAsked || (entry !== undefined && (await this.isCurrent(entry)));
    const answer = current ? answerOf(entry) : undefined;
    if (answer !== undefined) return this.hit(answer);
    const shared = await this.shared({ tags, tokens });
    if (shared !== undefined) return this.hit(shared, 'another call was making it');
    if (this.failed) this.flight?.end(NOTHING); // whoever asked has gone meanwhile, and nobody may wait for what is not made
    if (this.flight === undefined) return undefined;
    this.answered = 'miss';
    this.ports.tell('miss', reasonOf(stored, entry));
    return undefined;
  }

  /**
   * The answer of another call that was making it. `undefined`: the call has a flight of its own now, or has failed. Where another's
   * comes to nothing those who waited for it board again, so that one of them makes the answer for all.
   * @param generation until its handler starts, a pipe may make another id of the one that was asked for: then any instance counts
   */
  private async shared(generation: Generation): Promise<{ readonly value: unknown } | undefined> {
    const { flights } = this.ports;
    const { key, collapses } = this.asked;
    const patience = collapses ? Number.POSITIVE_INFINITY : WAITED_FOR; // a step ends with its deadline; a call may never end
    const isCurrent = (of: Generation): Promise<boolean> => this.isCurrent(of);
    const passenger: Passenger = { key, generation, since: this.since, patience, isCurrent };
    while (!this.failed) {
      const { flight, own } = await flights.board(passenger);
      const landing = own ? UNSHARED : await flights.landingOf(flight, passenger);
      const answer = landing.kind === 'answer' ? answerIn(landing.json) : undefined;
      if (answer !== undefined) return answer;
      if (landing.kind === 'nothing') continue;
      this.flight = own ? flight : new Flight(generation);
      return undefined;
    }
    return undefined;
  }

  /** The handler has answered. */
  async fill(value: unknown): Promise<void> {
    const { flight } = this;
    if (flight === undefined) return;
    const json = jsonOf(value);
    flight.end(this.started && json !== undefined ? { kind: 'answer', json } : UNSHARED);
    const { generation } = flight;
    if (json === undefined) {
      this.bypass('there is no answer, or it is no JSON');
      return;
    }
    if (this.dependsOn.size > MOST_TAGS) {
      this.bypass('it depends on too much');
      return;
    }
    if (!this.started || generation.tokens.length === 0) return;
    const { entries, clock, maxEntryBytes } = this.ports;
    if (Buffer.byteLength(json) > maxEntryBytes) {
      this.bypass('the answer is too large');
      return;
    }
    const { key, ttl } = this.asked;
    const entry: Entry = { v: 1, json, ...generation, until: clock.now() + ttl };
    if (await entries.set(key, entry, ttl)) this.ports.tell('fill', undefined, generation.tags);
  }

  /** The handler has not answered, or not with one answer, or whoever asked has gone. Once it is filled this says nothing. */
  fail(): void {
    this.failed = true;
    this.flight?.end(NOTHING);
  }

  /** It is not one answer: those who wait for it make their own. */
  unshare(): void {
    this.flight?.end(UNSHARED);
  }

  override starting(handler: HandlerId, args: readonly unknown[]): Promise<void> | undefined {
    if (!this.isOwn(handler)) {
      const { handler: reader } = this.asked;
      if (this.ports.mutates(handler))
        throw new UncoveredMutationError(handlerName(handler), reader && handlerName(reader));
      return undefined;
    }
    const { flight } = this;
    if (flight === undefined || this.dependsOn.size > MOST_TAGS) return undefined;
    const { tags, collections } = this.asked.dependenciesOf(args);
    const unknown = tags.filter((tag) => !this.known.has(tag));
    if (unknown.length === 0) {
      this.start(flight, tags);
      return undefined;
    }
    // Of another id than was asked for. What came before the handler, a pipe that looks it up, may have seen what was true
    // before a change that its tokens now are younger than: unless nothing of the kind has changed since the call began.
    return this.read([...unknown, ...collections]).then((read) => {
      const unchanged = collections.every((tag, at) => read?.[unknown.length + at] === this.known.get(tag));
      if (read !== undefined && unchanged) this.learn(unknown, read);
      this.start(flight, tags);
    });
  }

  /** Its handler starts, or is called once more: the answer depends on all that any of these calls got. */
  private start(flight: Flight, tags: readonly Tag[]): void {
    this.started = true;
    for (const tag of [...this.asked.dependencies.tags, ...tags]) this.dependsOn.add(tag);
    const all = [...this.dependsOn];
    flight.generation = { tags: all, tokens: all.length > MOST_TAGS ? [] : (this.knownOf(all) ?? []) };
  }

  override returned(handler: HandlerId, result: unknown): void {
    if (this.asked.collapses || !this.isOwn(handler)) return;
    const release = (value: unknown): void => {
      if (isObservable(value)) this.unshare();
    };
    if (result instanceof Promise) void result.then(release, () => undefined);
    else release(result);
  }

  /** The answer of a hit; one in a sample is asked for again, to find writers that nobody declared. */
  async checked(value: unknown, next: () => Promise<unknown>): Promise<unknown> {
    if (!this.ports.sample()) return value;
    const now = await next().then(jsonOf, () => undefined);
    const after = await this.read([...this.known.keys()]);
    if (after === undefined || !same([...this.known.values()], after) || now === undefined) return value;
    if (now === jsonOf(value)) return value;
    const { tags } = this.asked.dependencies;
    this.ports.tell('difference', 'the handler answers otherwise now, and nothing was purged', tags);
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

  /** Whether these tokens, read earlier by somebody, are those that the tags have had since this call started. */
  private async isCurrent({ tags, tokens }: Generation): Promise<boolean> {
    if (tokens.length === 0) return false;
    const now = this.knownOf(tags) ?? (await this.read(tags));
    return now !== undefined && same(tokens, now);
  }

  private learn(tags: readonly Tag[], tokens: readonly string[]): void {
    for (const [at, tag] of tags.entries()) {
      const token = tokens[at];
      if (token !== undefined) this.known.set(tag, token);
    }
  }

  private knownOf(tags: readonly Tag[]): readonly string[] | undefined {
    const tokens = tags.flatMap((tag) => this.known.get(tag) ?? []);
    return tokens.length === tags.length ? tokens : undefined;
  }

  private read(tags: readonly Tag[]): Promise<readonly string[] | undefined> {
    return this.ports.breaker.try(() => this.ports.coherence.read(tags));
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
