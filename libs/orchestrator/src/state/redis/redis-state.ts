import { Cluster, type ClusterNode, type ClusterOptions, Redis, type RedisOptions } from 'ioredis';
import { ConfigurationError } from '../../errors/configuration.error.js';
import { checkOptions } from '../../utils/check-options.js';
import { describe } from '../../utils/describe.js';
import { checkServer, RedisConnection } from '../../utils/redis-connection.js';
import type { StateDefinition } from '../state.store.js';
import { RedisStateStore } from './redis.store.js';
import { defineScripts } from './scripts/scripts.js';

/** Which Redis: one server, one that sentinels name, or a cluster. */
export type RedisStateOptions =
  | {
      /** `redis://user:password@host:6379/0`, `rediss://` for TLS. */
      readonly url: string;
      /** More options of ioredis. */
      readonly options?: RedisOptions;
    }
  | {
      /** Of ioredis: `sentinels` and `name` for a server that sentinels name. */
      readonly options: RedisOptions;
    }
  | {
      /** Some nodes of a Redis Cluster. */
      readonly cluster: readonly ClusterNode[];
      /** Options of ioredis for a cluster; those of its nodes are in `redisOptions`. */
      readonly options?: ClusterOptions;
    };

/**
 * Keeps run records in Redis 6.2 or newer, for all processes that share it: `state` of the module's options. Needs `ioredis`.
 *
 * @example
 * OrchestratorModule.forRoot({ service: 'orders', transport, state: redisState({ url: 'redis://localhost:6379' }) })
 */
export function redisState(of: RedisStateOptions): StateDefinition {
  return {
    kind: 'redis',
    create: ({ service, namespace }) => {
      const { place, connect } = serverOf(of);
      const client = connect(COMMANDS);
      defineScripts(client);
      const connection = new RedisConnection(client, place, {
        what: `the run records of service "${service}"`,
        withoutIt: 'messages are put back',
      });
      return new RedisStateStore(connection, namespace, () => connect(SUBSCRIBER));
    },
  };
}

/** Milliseconds without an answer after which a connection counts as dead. Less than a call is waited for. */
const ANSWERS_WITHIN = 5_000;

/**
 * What is asked and not answered when the connection closes is rejected, never sent again (by `autoResendUnfulfilledCommands:
 * false` alone it would be forgotten instead, and its caller would wait for ever); nothing is queued for a connection that is
 * not there. A cluster sends again what it has sent to a node that went away: each script answers its second run as its first.
 */
const COMMANDS = {
  maxRetriesPerRequest: 0,
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  socketTimeout: ANSWERS_WITHIN,
  // After a failover a name may lead to the new primary, and the connection still to the old one.
  reconnectOnError: (error: Error) => error.message.includes('READONLY'),
} satisfies RedisOptions;

/** A subscription is kept until there is a connection for it, and made anew by each. */
const SUBSCRIBER = {
  maxRetriesPerRequest: null,
  enableOfflineQueue: true,
  autoResubscribe: true,
} satisfies RedisOptions;

/** {@link RedisStateOptions}, as somebody without types may give them. */
interface Given {
  readonly url?: unknown;
  readonly options?: object;
  readonly cluster?: readonly ClusterNode[];
}

type Settings = typeof COMMANDS | typeof SUBSCRIBER;

/** How a client is made, and what log and errors call the server. */
interface RedisServer {
  /** Without credentials. */
  readonly place: string;
  readonly connect: (settings: Settings) => Redis | Cluster;
}

/** @throws ConfigurationError for what cannot work */
function serverOf(of: RedisStateOptions): RedisServer {
  checkOptions('redisState', of, { url: 'anything', options: 'an object', cluster: 'a list' });
  const { url: address, cluster, options = {} } = of as Given;
  if (cluster !== undefined) {
    if (address !== undefined) refuse('give url or cluster, not both');
    const nodes = [...cluster];
    if (nodes.length === 0) refuse('cluster must name a node, such as { host, port } (got an empty list)');
    const given = options as ClusterOptions;
    refuseUnsafe(given, 'options.');
    refuseUnsafe(given.redisOptions ?? {}, 'options.redisOptions.');
    return {
      place: `Redis Cluster at ${nodes.map(nodeName).join(', ')}`,
      connect: ({ enableOfflineQueue, ...settings }) =>
        new Cluster(nodes, { ...given, enableOfflineQueue, redisOptions: { ...given.redisOptions, ...settings } }),
    };
  }
  refuseUnsafe(options, 'options.');
  const given = options as RedisOptions;
  const isNamed = address === undefined && Object.keys(given).length > 0; // by options alone
  const url = isNamed ? undefined : addressOf(address);
  checkServer('redisState', url && new URL(url.text), given, 'options');
  return {
    place: url?.name ?? `Redis ${given.name ?? `${given.host ?? 'localhost'}:${given.port ?? 6379}`}`,
    connect: (settings) => {
      const all = { ...given, ...settings };
      return url === undefined ? new Redis(all) : new Redis(url.text, all);
    },
  };
}

/** Options of ioredis under which two processes would not see one record, with the reason and what to do instead. */
const UNSAFE: Readonly<Record<string, readonly [works: (value: unknown) => boolean, fix: string]>> = {
  keyPrefix: [(value) => value === '', "leave it out: the module's option namespace stands before every key"],
  readOnly: [(value) => value === false, 'leave it out: records are written, and replicas are behind'],
  scaleReads: [(value) => value === 'master', 'leave it out: a replica would answer with what is no longer so'],
  role: [(value) => value === 'master', 'leave it out: records are written, and replicas are behind'],
};

function refuseUnsafe(options: object, path: string): void {
  for (const [name, [works, fix]] of Object.entries(UNSAFE)) {
    const value: unknown = (options as Readonly<Record<string, unknown>>)[name];
    if (value !== undefined && !works(value)) refuse(`${path}${name} cannot be used (got ${describe(value)}): ${fix}`);
  }
}

function addressOf(url: unknown): { readonly text: string; readonly name: string } {
  const parsed = typeof url === 'string' && URL.canParse(url) ? new URL(url) : undefined;
  if (typeof url !== 'string' || parsed === undefined || !['redis:', 'rediss:'].includes(parsed.protocol)) {
    // Never the text itself: it may hold a password.
    const got =
      parsed === undefined ? (typeof url === 'string' ? 'a text that is none' : describe(url)) : parsed.protocol;
    return refuse(`url must be a URL such as 'redis://localhost:6379', or 'rediss://' for TLS (got ${got})`);
  }
  // ioredis takes settings from there, before any others.
  const settings = Object.fromEntries(parsed.searchParams);
  refuseUnsafe(settings, 'url ?');
  const fixed = Object.keys(settings).find((name) => name in COMMANDS || name in SUBSCRIBER);
  if (fixed !== undefined) refuse(`url ?${fixed} cannot be used: what a lost connection makes of a call is the store's to decide; leave it out`); // prettier-ignore
  return { text: url, name: `Redis at ${parsed.protocol}//${parsed.host}${parsed.pathname}` };
}

function nodeName(node: ClusterNode): string {
  if (typeof node === 'object') return `${node.host ?? 'localhost'}:${node.port ?? 6379}`;
  return typeof node === 'string' && URL.canParse(node) ? new URL(node).host : 'a node';
}

function refuse(problem: string): never {
  throw new ConfigurationError(`redisState: ${problem}.`);
}
