import type { Keyv } from 'keyv';
import type { Clock } from '../utils/clock.js';
import { isRecord } from '../utils/is-record.js';
import { Breaker } from './breaker.js';
import { type EntryStores, isInProcess } from './cache.stores.js';

/** Stores that may be another provider's, and are there once all providers are. */
export type CacheSource = () => EntryStores;

interface Tier {
  readonly store: Keyv;
  readonly breaker: Breaker;
}

/** Entries by key, in the stores of a cache. They may be lost, late or wrong: by themselves they are never trusted. */
export class Entries {
  /** The nearest first. */
  private tiers: readonly Tier[] = [];
  private shut: () => Promise<void> = () => Promise.resolve();

  /** @param timeout milliseconds for which a store outside this process is waited for */
  constructor(
    private readonly cache: CacheSource,
    private readonly timeout: number,
    private readonly clock: Clock,
  ) {}

  /** @throws ConfigurationError for a cache that cannot be used. Before it is open everything is a miss */
  open(): void {
    const { stores, close } = this.cache();
    if (close !== undefined) this.shut = close;
    this.tiers = stores.map((store) => ({
      store,
      breaker: new Breaker(this.clock, isInProcess(store) ? undefined : this.timeout),
    }));
  }

  /** Lets go of what it has opened. */
  close(): Promise<void> {
    this.tiers = [];
    return this.shut();
  }

  /** What the nearest store has; `undefined` where none has it, or none answers. */
  async get(key: string): Promise<unknown> {
    for (const [at, { store, breaker }] of this.tiers.entries()) {
      const found = await breaker.try(() => store.get<unknown>(key));
      if (!isRecord(found)) continue;
      const left = Number(found['until']) - this.clock.now();
      // A hit that is far away comes nearer, and lives there no longer than where it was.
      if (at > 0 && left > 0) await this.setIn(this.tiers.slice(0, at), key, found, left);
      return found;
    }
    return undefined;
  }

  /** Best effort. */
  set(key: string, entry: object, ttl: number): Promise<boolean> {
    return this.setIn(this.tiers, key, entry, ttl);
  }

  private async setIn(tiers: readonly Tier[], key: string, entry: object, ttl: number): Promise<boolean> {
    const stored = await Promise.all(tiers.map(({ store, breaker }) => breaker.try(() => store.set(key, entry, ttl))));
    return stored.includes(true);
  }
}
