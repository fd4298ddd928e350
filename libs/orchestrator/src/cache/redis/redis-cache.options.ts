import type { RedisOptions } from 'ioredis';
import { ConfigurationError } from '../../errors/configuration.error.js';
import { checkOptions } from '../../utils/check-options.js';
import { describe } from '../../utils/describe.js';
import { messageOf } from '../../utils/describe-error.js';
import { checkServer } from '../../utils/redis-connection.js';

/** Settings of a connection without which the promise of the step cache would not hold: they are not to be chosen. */
export const FIXED = {
  // A command whose reply was lost is not sent again by the client: whoever sent it hears that nobody knows.
  autoResendUnfulfilledCommands: false,
  enableOfflineQueue: false,
  maxRetriesPerRequest: 0,
} as const satisfies RedisOptions;

/** What cannot be combined with tokens in Redis, and what to do instead. */
const REFUSED: Readonly<Record<string, string>> = {
  keyPrefix:
    'Services would not see what others purge under another prefix: leave it out, the option namespace of the module separates them.',
  scaleReads: "A replica lags behind, so that old answers would be served: say 'master', or leave it out.",
  readOnly: 'Tokens are made where they are read: leave it out.',
};

/** Where Redis is, and how entries are kept there. */
export interface RedisCacheOptions {
  /** `redis://` or `rediss://`, with user, password and database where there are any. */
  readonly url?: string;
  /** More settings of ioredis: TLS, Sentinel, `family`, time-outs, `retryStrategy`. */
  readonly redis?: Omit<RedisOptions, keyof typeof FIXED | 'keyPrefix' | 'readOnly' | 'lazyConnect'>;
  /**
   * Whether the answers are kept in Redis too, behind those in memory. Default `true`; `false`: each process has its own, and
   * only what is true is shared. Any other store is given as `stores`, which wins.
   */
  readonly entries?: boolean;
  /** Whether answers are kept in this process first, `cache.size` of them. Default `true`: a hit then costs a share of one command. */
  readonly memory?: boolean;
}

/** How to connect, checked. */
export interface RedisTarget {
  readonly url: string | undefined;
  readonly options: RedisOptions;
  /** To be logged and compared: without credentials. */
  readonly place: string;
}

/** @throws ConfigurationError for what cannot keep the promise, with the fix */
export function targetOf(given: RedisCacheOptions): RedisTarget {
  checkOptions('redisCache', given, { url: 'anything', redis: 'an object', entries: 'true or false', memory: 'true or false' }); // prettier-ignore
  const { url, redis = {} } = given;
  const parsed = url === undefined ? undefined : parse(url);
  checkServer('redisCache', parsed, redis, 'redis');
  refuse(Object.entries(redis), 'redis.');
  refuse(parsed?.searchParams.entries() ?? [], 'url ?'); // ioredis takes settings from there, before any others
  if (parsed === undefined && redis.host === undefined && redis.path === undefined && redis.sentinels === undefined) {
    throw new ConfigurationError(
      "redisCache: url must say where Redis is (got nothing). Give url: 'redis://host:6379', or redis: { host }, { path } or { sentinels }.",
    );
  }
  return { url, options: { ...redis, ...FIXED }, place: placeOf(parsed, redis) };
}

function parse(url: unknown): URL {
  const fix = "Give 'redis://host:6379', or 'rediss://…' with TLS.";
  let parsed: URL | undefined;
  let why = '';
  try {
    parsed = new URL(String(url));
  } catch (error) {
    why = `, ${messageOf(error)}`;
  }
  if (parsed !== undefined && ['redis:', 'rediss:'].includes(parsed.protocol)) return parsed;
  // Whatever it is, it may hold a password.
  const got = typeof url === 'string' ? 'a text that is none' : describe(url);
  throw new ConfigurationError(`redisCache: url must be an address of Redis (got ${got}${why}). ${fix}`);
}

function refuse(settings: Iterable<readonly [string, unknown]>, where: string): void {
  for (const [name, value] of settings) {
    if (value === undefined || value === '') continue;
    const fixed = (FIXED as Readonly<Record<string, boolean | number>>)[name];
    if (fixed !== undefined && value !== fixed && value !== String(fixed)) {
      throw new ConfigurationError(
        `redisCache: ${where}${name} must be ${String(fixed)} (got ${describe(value)}). A purge that the client sends again, or late, ` +
          'is one that nobody waits for: leave it out.',
      );
    }
    const why = REFUSED[name];
    if (why !== undefined && value !== 'master' && value !== false)
      throw new ConfigurationError(`redisCache: ${where}${name} cannot be used (got ${describe(value)}). ${why}`);
    if (name === 'role' && value !== 'master')
      throw new ConfigurationError(
        `redisCache: ${where}role must be the primary's (got ${describe(value)}). A replica lags behind: leave it out.`,
      );
  }
}

function placeOf(url: URL | undefined, { host, port, path, db = 0, sentinels, name }: RedisOptions): string {
  if (url !== undefined) {
    const named = [url.pathname.slice(1), url.searchParams.get('db')].find((part) => part !== null && part !== '');
    const database = named ?? String(db);
    return `${url.protocol}//${url.hostname}:${url.port === '' ? String(port ?? 6379) : url.port}/${database}`;
  }
  if (sentinels !== undefined) {
    const those = sentinels.map((each) => `${each.host ?? 'localhost'}:${String(each.port ?? 26_379)}`).sort();
    return `redis-sentinel://${those.join(',')}/${name ?? ''}/${db}`;
  }
  return path === undefined ? `redis://${host ?? 'localhost'}:${String(port ?? 6379)}/${db}` : `${path}/${db}`;
}
