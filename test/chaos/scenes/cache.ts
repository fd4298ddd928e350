import { setTimeout } from 'node:timers/promises';
import type { PrivateServer } from '../../../scripts/private-servers.mjs';
import { caughtUp, synchronised } from '../../support/redis/replication.js';
import { until } from '../../support/until.js';
import { cache, type CacheScene, type CacheTrouble, WRITERS } from '../cache/cache.scene.js';
import type { Case } from '../case.js';
import { pause } from '../faults.js';

/** Others fill the memory of the server. How many keys it has evicted for that. */
async function crowdOut({ server, client }: CacheTrouble): Promise<number> {
  const other = client(server);
  const evicted = async (): Promise<number> => Number(/evicted_keys:(\d+)/.exec(await other.info('stats'))?.[1]);
  const before = await evicted();
  await Promise.all(
    Array.from({ length: 500 }, (_, at) => other.set(`other ${Date.now()} ${at}`, 'x'.repeat(2_000), 'PX', 60_000)),
  );
  const count = (await evicted()) - before;
  other.disconnect();
  return count;
}

/** The server dies, and is gone for half a second. */
async function down({ server }: CacheTrouble): Promise<number> {
  await server.stop('SIGKILL');
  await setTimeout(500);
  await server.restart();
  return 1;
}

/** Again and again a replica takes over that has not got the last purges. */
function failovers(): NonNullable<CacheScene['trouble']> {
  let promoted: PrivateServer | undefined;
  return async ({ server, crowd, crossing, startRedis, client }) => {
    const primary = promoted ?? server;
    const replica = await startRedis('--replicaof', `127.0.0.1 ${primary.port}`, '--repl-diskless-sync-delay', '0');
    const standby = client(replica);
    await synchronised(standby);
    await caughtUp(standby, client(primary));
    await standby.replicaof('NO', 'ONE');
    await setTimeout(2_000); // what is purged now it will never hear of
    await crowd.rest(); // else what it has not heard of might be purged again before it is read
    await primary.stop('SIGKILL');
    crossing.switch(replica.port);
    promoted = replica;
    const hits = await crowd.hits();
    await until(async () => (await crowd.hits()) > hits + 100, { timeoutMs: 30_000 });
    crowd.write(WRITERS);
    return 1;
  };
}

const CROWDED = { pause: 50, trouble: crowdOut } as const;
const evicting = (policy: string): CacheScene => ({ ...CROWDED, redis: ['--maxmemory', '3mb', '--maxmemory-policy', policy] }); // prettier-ignore

/** Nobody reads what was true before a change that he may know of. */
export const CACHE: readonly Case[] = [
  cache('cache: nothing happens', {}),
  cache('cache: Redis down, and back empty', { trouble: down }),
  cache('cache: Redis down, and back with its data', { redis: ['--appendonly', 'yes'], trouble: down }),
  cache('cache: Redis stands still for half a second', { trouble: ({ server }) => pause(server, 500) }),
  cache('cache: Redis 100 ms away', {
    trouble: ({ crossing }) => {
      crossing.lag = () => 50;
      return Promise.resolve(crossing.held > 0 ? 1 : 0);
    },
  }),
  cache('cache: Redis evicts what was used least lately', evicting('allkeys-lru')),
  cache('cache: Redis evicts at random', evicting('allkeys-random')),
  cache('cache: replicas are promoted that lag behind', { trouble: failovers(), setting: { memory: false } }),
  cache('cache control: purged by a pattern', { setting: { memory: false, fault: 'purge by pattern' } }, true),
  cache(
    'cache control: tokens that count, evicted at random',
    { ...evicting('allkeys-random'), setting: { fault: 'counted tokens' } },
    true,
  ),
  cache(
    'cache control: replicas are promoted, without the epoch',
    { trouble: failovers(), setting: { memory: false, fault: 'no epoch' } },
    true,
  ),
];
