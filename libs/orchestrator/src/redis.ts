// Run records in Redis
export { redisState, type RedisStateOptions } from './state/redis/redis-state.js';
