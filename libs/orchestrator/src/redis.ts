// Run records in Redis
export { redisState, type RedisStateOptions } from './state/redis/redis-state.js';

// Cache reads for several processes
export { type RedisCache, redisCache } from './cache/redis/redis-cache.js';
export type { RedisCacheOptions } from './cache/redis/redis-cache.options.js';
