import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { Redis } from 'ioredis';
import type { PrivateServer } from '../../../scripts/private-servers.mjs';
import { Crossing } from '../../support/redis/crossing.js';
import type { Case, Result } from '../case.js';
import type { Servers } from '../scene.js';
import { ItemsProcesses } from './items.processes.js';
import type { ItemsSetting } from './wire.js';

/** What happens to Redis while it is read and written. */
export interface CacheTrouble {
  readonly server: PrivateServer;
  /** Those who read and write. */
  readonly crowd: ItemsProcesses;
  /** By which everybody reaches it. */
  readonly crossing: Crossing;
  readonly startRedis: Servers['startRedis'];
  /** A client of that server, to do whatever is to be done. */
  readonly client: (server: PrivateServer) => Redis;
}

export interface CacheScene {
  /** Arguments of the server. */
  readonly redis?: readonly string[];
  readonly setting?: Pick<ItemsSetting, 'memory' | 'fault'>;
  /** Done again and again, with a pause. Resolves with how often it struck. */
  readonly trouble?: (trouble: CacheTrouble) => Promise<number>;
  /** Milliseconds between two of them. Default 1,000. */
  readonly pause?: number;
}

const PROCESSES = 3;
const READERS = 16;
export const WRITERS = 2;
/** Milliseconds for which all of them read and write. */
const LASTS = 10_000;
/** Of a control, which ends with the first old read. */
const LONGEST = 60_000;

/** A case of reads that must not be old. As a control: some must be. */
export const cache = (name: string, scene: CacheScene, control = false): Case => ({
  name,
  about: 'cache',
  control,
  play: async (servers) => {
    const row = await playCache(scene, servers, control);
    const problems = [
      ...(scene.trouble !== undefined && row['strikes'] === 0 ? ['it never struck'] : []),
      ...(control === (row['old reads'] === 0) ? [control ? 'a control without old reads' : `${row['old reads']} old reads`] : []), // prettier-ignore
      ...(row['hits'] === 0 || row['changes'] === 0 ? ['nothing was answered by the cache, or changed'] : []),
    ];
    return { row, problems };
  },
});

async function playCache(
  { redis = [], setting, trouble, pause = 1_000 }: CacheScene,
  { startRedis }: Servers,
  control: boolean,
): Promise<Result['row']> {
  const server = await startRedis(...redis);
  const others: PrivateServer[] = [];
  const clients: Redis[] = [];
  const crossing = await Crossing.to(server.port);
  const crowd = await ItemsProcesses.start(PROCESSES, { url: crossing.url, namespace: randomUUID(), ...setting });
  const stage: CacheTrouble = {
    server,
    crowd,
    crossing,
    startRedis: async (...more) => {
      const other = await startRedis(...more);
      others.push(other);
      return other;
    },
    client: ({ url }) => {
      const client = new Redis(url);
      client.on('error', () => undefined);
      clients.push(client);
      return client;
    },
  };
  try {
    crowd.begin({ readers: READERS, writers: WRITERS });
    let strikes = 0;
    const until = Date.now() + (control ? LONGEST : LASTS);
    while (Date.now() < until && !(control && crowd.violations().length > 0)) {
      await setTimeout(pause);
      strikes += (await trouble?.(stage)) ?? 0;
    }
    const old = await crowd.end();
    return {
      reads: crowd.reads,
      hits: await crowd.hits(),
      changes: crowd.changes,
      unacknowledged: crowd.refused,
      strikes,
      'old reads': old.length,
    };
  } finally {
    await crowd.close();
    for (const client of clients) client.disconnect();
    await crossing.close();
    await Promise.all([server, ...others].map((each) => each.stop('SIGKILL')));
  }
}
