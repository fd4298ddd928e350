import type { Redis } from 'ioredis';
import type { Versions } from '../coherence/history.js';
import type { Protocol, Question, World } from '../coherence/world.js';

/** As caches are purged by hand: what a mutation changes is searched for by a pattern, and deleted. */
export class PurgeByPattern implements Protocol {
  constructor(
    private readonly world: World,
    private readonly redis: Redis,
    private readonly prefix: string,
  ) {}

  async read(question: Question): Promise<Versions> {
    const key = `${this.prefix}:${String(question)}:entry`;
    const stored = await this.redis.get(key);
    if (stored !== null) return JSON.parse(stored) as Versions;
    const value = await this.world.database.read(...[question].flat());
    await this.redis.set(key, JSON.stringify(value), 'PX', 60_000);
    return value;
  }

  async mutate(cell: string, mutation: number): Promise<void> {
    await this.world.database.commit(mutation, cell);
    const keys = await this.redis.keys(`${this.prefix}:${cell}:*`);
    if (keys.length > 0) await this.redis.del(...keys);
  }

  forget(): void {
    // it has nothing to forget
  }
}
