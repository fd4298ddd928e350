import { Redis, type RedisOptions } from 'ioredis';
import type { RedisTarget } from './redis-cache.options.js';

/** Milliseconds after which a connection on which nothing answers is given up, and made anew. */
const SILENCE = 10_000;
/** Milliseconds between two connections that are made because a server is the primary no more. */
const ASKS_AGAIN = 1_000;

/** A client of the Redis of a cache, which connects at once, and again whenever it must. */
export function cacheClient({ url, options }: RedisTarget, more: RedisOptions = {}): Redis {
  const settings = { socketTimeout: SILENCE, reconnectOnError: leadsElsewhere(), ...more, ...options };
  return url === undefined ? new Redis(settings) : new Redis(url, settings);
}

/** Whether a server is a replica, so that its name may lead to another one by now. */
function leadsElsewhere(): (error: Error) => boolean {
  let askedAgain = -ASKS_AGAIN;
  return ({ message }) => {
    if (!message.includes('READONLY') || performance.now() - askedAgain < ASKS_AGAIN) return false;
    askedAgain = performance.now();
    return true;
  };
}
