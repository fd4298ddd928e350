import { RedisCoherence } from '../../../libs/orchestrator/src/cache/redis/redis.coherence.js';

/** Tokens as a server holds them, without the epoch: a fault. */
export class WithoutEpoch extends RedisCoherence {
  override async read(tags: readonly string[]): Promise<readonly string[]> {
    return (await super.read(tags)).map((token) => token.slice(token.indexOf(':')));
  }
}
