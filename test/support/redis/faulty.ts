import { Redis } from 'ioredis';
import { Coherence } from '../../../libs/orchestrator/src/cache/coherence.js';

/** Generations that count purges: one that is evicted begins anew, and what was old is current again. A fault. */
export class CountedTokens extends Coherence {
  override readonly shared = true;
  private readonly client: Redis;

  constructor(
    url: string,
    private readonly namespace: string,
  ) {
    super();
    this.client = new Redis(url);
  }

  override async read(tags: readonly string[]): Promise<readonly string[]> {
    const counts = await this.client.mget(tags.map((tag) => this.keyOf(tag)));
    return counts.map((count) => count ?? '0');
  }

  override async purge(tags: readonly string[]): Promise<void> {
    const commands = this.client.multi();
    for (const tag of tags) commands.incr(this.keyOf(tag));
    await commands.exec();
  }

  override close(): Promise<void> {
    this.client.disconnect();
    return Promise.resolve();
  }

  private keyOf(tag: string): string {
    return `{${this.namespace}}:count:${tag}`;
  }
}

/** No tokens at all: what a mutation changes is searched for by a pattern, and deleted, as caches are purged by hand. A fault. */
export class PatternTokens extends Coherence {
  override readonly shared = true;
  private readonly client: Redis;

  /** @param pattern matches all answers */
  constructor(
    url: string,
    private readonly pattern: string,
  ) {
    super();
    this.client = new Redis(url);
  }

  override read(tags: readonly string[]): Promise<readonly string[]> {
    return Promise.resolve(tags.map(() => 'current'));
  }

  override async purge(): Promise<void> {
    const keys = await this.client.keys(this.pattern);
    if (keys.length > 0) await this.client.del(...keys);
  }

  override close(): Promise<void> {
    this.client.disconnect();
    return Promise.resolve();
  }
}
