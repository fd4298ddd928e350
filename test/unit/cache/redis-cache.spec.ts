import { describe, expect, it } from '@jest/globals';
import { ConfigurationError } from 'nest-orchestrator';
import { redisCache, type RedisCacheOptions } from 'nest-orchestrator/redis';
import { targetOf } from '../../../libs/orchestrator/src/cache/redis/redis-cache.options.js';

function refusal(options: unknown): string {
  try {
    redisCache(options as RedisCacheOptions);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigurationError);
    return (error as Error).message;
  }
  throw new Error('it was accepted');
}

const url = 'redis://localhost:6379';

describe('redisCache', () => {
  it.each<[string, unknown, ...string[]]>([
    ['no address', {}, 'url must say where Redis is', "url: 'redis://host:6379'"],
    ['settings without an address', { redis: { db: 2 } }, 'url must say where Redis is'],
    ['an address of something else', { url: 'amqp://u:secret@host' }, 'url must be an address of Redis', "Give 'redis://"],
    ['a text that is no address', { url: 'secret' }, 'url must be an address of Redis'],
    ['what is no text', { url: 6379 }, 'url must be an address of Redis', 'got 6379'],
    ['a prefix of keys', { url, redis: { keyPrefix: 'a:' } }, 'redis.keyPrefix', 'namespace'],
    ['a prefix of keys in the address', { url: `${url}?keyPrefix=a:` }, 'url ?keyPrefix', 'namespace'],
    ['reads from replicas', { url, redis: { scaleReads: 'slave' } }, 'redis.scaleReads', 'replica lags behind'],
    ['a connection that only reads', { url, redis: { readOnly: true } }, 'redis.readOnly'],
    ['a replica of Sentinel', { redis: { sentinels: [{ host: 'a' }], name: 'm', role: 'slave' } }, 'redis.role', 'leave it out'],
    ['commands that are sent again', { url, redis: { autoResendUnfulfilledCommands: true } }, 'must be false', 'got true'],
    ['commands that wait', { url: `${url}?enableOfflineQueue=true` }, 'url ?enableOfflineQueue must be false'],
    ['retries', { url, redis: { maxRetriesPerRequest: 20 } }, 'maxRetriesPerRequest must be 0', 'got 20'],
  ])('refuses %s, and says the fix', (_, options, ...said) => {
    const message = refusal(options);
    for (const text of ['redisCache: ', ...said]) expect(message).toContain(text);
    expect(message).not.toContain('secret');
  }); // prettier-ignore

  it.each<[string, RedisCacheOptions, string]>([
    ['an address', { url }, 'redis://localhost:6379/0'],
    ['an address with a password', { url: 'rediss://user:secret@host/2' }, 'rediss://host:6379/2'],
    ['an address with its database in its query', { url: 'redis://host:1?db=3' }, 'redis://host:1/3'],
    ['an address, and the database elsewhere', { url, redis: { db: 4 } }, 'redis://localhost:6379/4'],
    ['a host', { redis: { host: 'host', password: 'secret' } }, 'redis://host:6379/0'],
    ['a socket', { redis: { path: '/run/redis.sock' } }, '/run/redis.sock/0'],
    ['Sentinels, in whatever order', { redis: { sentinels: [{ host: 'b' }, { host: 'a', port: 1 }], name: 'm', role: 'master' } }, 'redis-sentinel://a:1,b:26379/m/0'],
  ])('takes %s, and names it without credentials', (_, options, place) => {
    expect(targetOf(options).place).toBe(place);
  }); // prettier-ignore

  it('keeps what is not to be chosen as it must be', () => {
    expect(targetOf({ url, redis: { connectTimeout: 5 } }).options).toEqual({
      connectTimeout: 5,
      autoResendUnfulfilledCommands: false,
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
    });
  });

  it('gives the two halves of the option cache, which connect nowhere until somebody creates them', () => {
    const cache = { ...redisCache({ url: 'redis://127.0.0.1:1' }), ttl: '1m' };
    expect(cache).toEqual({
      coherence: { kind: 'redis', create: expect.any(Function) },
      stores: { kind: 'redis', create: expect.any(Function) },
      ttl: '1m',
    });
  });
});
