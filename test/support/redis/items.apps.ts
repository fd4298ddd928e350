import { randomUUID } from 'node:crypto';
import type { CacheCounters, CacheOptions, CoherenceDefinition } from 'nest-orchestrator';
import { redisCache, type RedisCacheOptions } from 'nest-orchestrator/redis';
import { Callers } from '../coherence/callers.js';
import { type History, violationsOf } from '../coherence/history.js';
import { ItemsApp } from '../coherence/items.app.js';
import { RandomStage } from '../coherence/random-stage.js';
import { World } from '../coherence/world.js';
import { Prng } from '../random/prng.js';
import { until } from '../until.js';

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
export class ItemsApps {
  private over = false;
  private readonly acting: Promise<unknown>[] = [];
  private writers = 0;
  private writing: Promise<unknown>[] = [];
  /** How often somebody was not told that a change was made. */
  refused = 0;
  reads = 0;

  private constructor(
    readonly apps: readonly ItemsApp[],
    private readonly callers: readonly Callers[],
    readonly history: History,
  ) {}

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

  /** Readers and writers begin, each with another of the applications. */
  begin({ readers = 8, writers = 2 } = {}): void {
    for (let at = 0; at < readers; at += 1) this.acting.push(this.read(this.callerOf(at)));
    this.write(writers);
  }

  /** So many write from now on. */
  write(writers: number): void {
    this.writers = writers;
    for (let at = 0; at < writers; at += 1) this.writing.push(this.change(this.callerOf(at), at));
  }

  /** Nobody writes any more, and what was written is acknowledged, or never will be. */
  async rest(): Promise<void> {
    this.writers = 0;
    await Promise.all(this.writing.splice(0));
  }

  /** Lets so many reads happen. */
  async pass(reads: number): Promise<void> {
    const before = this.reads;
    await until(() => this.reads - before >= reads, { timeoutMs: 60_000, what: `${reads} reads` });
  }

  /** What broke the promise so far. */
  violations(): readonly string[] {
    return violationsOf(this.history.events);
  }

  /** All of them stop. What broke the promise. */
  async end(): Promise<readonly string[]> {
    this.over = true;
    await Promise.all(this.acting);
    await this.rest();
    return this.violations();
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

  async close(): Promise<void> {
    this.over = true;
    await Promise.allSettled([...this.acting, this.rest()]);
    for (const app of this.apps) await app.close();
  }

  private callerOf(at: number): Callers {
    const caller = this.callers[at % this.callers.length];
    if (caller === undefined) throw new Error('There is no application.');
    return caller;
  }

  /** A read never fails, whatever becomes of Redis. */
  private async read(caller: Callers): Promise<void> {
    while (!this.over) {
      await caller.read();
      this.reads += 1;
    }
  }

  private async change(caller: Callers, at: number): Promise<void> {
    while (at < this.writers) await caller.write().catch(() => (this.refused += 1));
  }
}
