import { randomUUID } from 'node:crypto';
import type { CacheCounters, CacheOptions, CoherenceDefinition } from 'nest-orchestrator';
import { redisCache, type RedisCacheOptions } from 'nest-orchestrator/redis';
import { Callers } from '../coherence/callers.js';
import { Crowd } from '../coherence/crowd.js';
import { ItemsApp } from '../coherence/items.app.js';
import { RandomStage } from '../coherence/random-stage.js';
import { World } from '../coherence/world.js';
import { Prng } from '../random/prng.js';

/** How the applications share their cache, and what is asked of them. */
export interface AppsTerms extends RedisCacheOptions {
  readonly apps: number;
  readonly seed: number;
  /** The share of workflows. Default 0: a run whose mutation cannot be purged waits. */
  readonly workflows?: number;
  /** Other tokens: a fault. */
  readonly tokens?: CoherenceDefinition['create'];
  readonly cache?: CacheOptions;
}

/** Several applications over one database, each with its own connections and its own memory, and those who call them. */
export class ItemsApps extends Crowd {
  private constructor(
    readonly apps: readonly ItemsApp[],
    ...of: ConstructorParameters<typeof Crowd>
  ) {
    super(...of);
  }

  static async boot({ apps, seed, workflows = 0, tokens, cache, ...redis }: AppsTerms): Promise<ItemsApps> {
    const random = new Prng(seed);
    const stage = new RandomStage(random);
    const world = new World(stage);
    const namespace = randomUUID();
    const shared = { ...redisCache(redis), ...cache };
    const coherence = tokens && { kind: 'faulty', create: tokens };
    const booted: ItemsApp[] = [];
    for (let app = 0; app < apps; app += 1) {
      booted.push(
        await ItemsApp.boot(stage, { world, namespace, cache: { ...shared, ...(coherence && { coherence }) } }),
      );
    }
    const habits = { workflows, staged: 0.5, rest: 10 };
    return new ItemsApps(booted, booted.map((app) => new Callers(app, random, habits)), world.history); // prettier-ignore
  }

  /** What all operations of all applications did. */
  counted(): Readonly<Pick<CacheCounters, 'hit' | 'fill' | 'bypass'>> {
    const sum = { hit: 0, fill: 0, bypass: 0 };
    for (const { cache } of this.apps) {
      for (const { hit, fill, bypass } of Object.values(cache.counters())) {
        sum.hit += hit;
        sum.fill += fill;
        sum.bypass += bypass;
      }
    }
    return sum;
  }

  override async close(): Promise<void> {
    await super.close();
    for (const app of this.apps) await app.close();
  }
}
