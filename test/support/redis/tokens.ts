import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { RedisCoherence } from '../../../libs/orchestrator/src/cache/redis/redis.coherence.js';
import { targetOf } from '../../../libs/orchestrator/src/cache/redis/redis-cache.options.js';
import type { CoherenceFixture } from '../../../libs/orchestrator/src/testing/coherence.contract.js';
import { until } from '../until.js';
import type { Crossing } from './crossing.js';

/** Tokens in a Redis under a namespace of their own, each client with its own connection; and a plain client to look behind them. */
export class Tokens {
  readonly namespace = randomUUID();
  readonly plain: Redis;
  private readonly opened: RedisCoherence[] = [];

  constructor(
    private readonly url: string,
    private readonly type: typeof RedisCoherence = RedisCoherence,
  ) {
    this.plain = new Redis(url, { maxRetriesPerRequest: 3 });
    this.plain.on('error', () => undefined);
  }

  /** Another client of the same tokens. */
  open(url = this.url, ttl = 60_000): RedisCoherence {
    const of = { service: 'shop', namespace: this.namespace, longestTtl: () => ttl };
    const client = new this.type(targetOf({ url }), of);
    this.opened.push(client);
    return client;
  }

  /** One that is connected. */
  async connect(url = this.url, ttl?: number): Promise<RedisCoherence> {
    const client = this.open(url, ttl);
    await until(() => reads(client), { timeoutMs: 20_000 });
    return client;
  }

  /** Two clients, by an address that may lead nowhere. */
  async fixture(address: Crossing): Promise<CoherenceFixture> {
    const [one, other] = [await this.connect(address.url), await this.connect(address.url)];
    const cut = (): Promise<void> => {
      address.switch(undefined);
      return Promise.resolve();
    };
    return { coherence: one, another: () => other, forget: () => this.forget(), cut };
  }

  keys(): Promise<string[]> {
    return this.plain.keys(`workflow:{${this.namespace}}:tag:*`);
  }

  /** Evicts all of them. */
  async forget(): Promise<void> {
    const keys = await this.keys();
    if (keys.length > 0) await this.plain.del(...keys);
  }

  async close(): Promise<void> {
    for (const client of this.opened) await client.close();
    this.plain.disconnect();
  }
}

/** Whether tokens can be read. */
export const reads = (tokens: RedisCoherence): Promise<boolean> =>
  tokens.read(['any']).then(
    () => true,
    () => false,
  );

/** Of how many commands a server says that it has run them, by name. */
export async function commandsOf(
  client: Redis,
  run: () => Promise<unknown>,
): Promise<Readonly<Record<string, number>>> {
  const count = async (): Promise<Record<string, number>> => {
    const stats = await client.info('commandstats');
    return Object.fromEntries(
      [...stats.matchAll(/cmdstat_(\w+):calls=(\d+)/g)].map(([, name = '', calls]) => [name, Number(calls)]),
    );
  };
  const before = await count();
  await run();
  const after = await count();
  return Object.fromEntries(Object.entries(after).map(([name, calls]) => [name, calls - (before[name] ?? 0)]));
}
