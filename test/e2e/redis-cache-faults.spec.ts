import { describe, expect, it, jest } from '@jest/globals';
import type { CoherenceDefinition } from 'nest-orchestrator';
import type { PrivateServer } from '../../scripts/private-servers.mjs';
import { targetOf } from '../../libs/orchestrator/src/cache/redis/redis-cache.options.js';
import { Crossing } from '../support/redis/crossing.js';
import { WithoutEpoch } from '../support/redis/epochs.js';
import { CountedTokens } from '../support/redis/faulty.js';
import { type AppsTerms, ItemsApps } from '../support/redis/items.apps.js';
import '../support/redis/logged.js';
import { afterwards, caughtUp, pair, plain, redis } from '../support/redis/private-redis.js';
import { until } from '../support/until.js';

/** Redis fails while eight read and two write: no read fails, and none is old. */

jest.setTimeout(300_000); // servers start and stop; a busy machine takes its time

async function boot(terms: Partial<AppsTerms> & { readonly url: string }): Promise<ItemsApps> {
  const apps = await ItemsApps.boot({ apps: 2, seed: 7, ...terms });
  afterwards(() => apps.close());
  return apps;
}

const withoutEpoch =
  (url: string): CoherenceDefinition['create'] =>
  (of) =>
    new WithoutEpoch(targetOf({ url }), of);

const counted =
  (url: string): CoherenceDefinition['create'] =>
  ({ namespace }) =>
    new CountedTokens(url, namespace);

describe('while eight read and two write, a server', () => {
  it('that is killed, and starts without data, lets no read fail or be old', async () => {
    const server = await redis();
    const apps = await boot({ url: server.url });
    apps.begin();
    for (let time = 0; time < 3; time += 1) {
      await apps.pass(200);
      await server.stop('SIGKILL');
      await apps.pass(100);
      if (time === 0) await until(() => apps.refused > 0, { timeoutMs: 60_000 }); // what cannot be purged within a second is not acknowledged
      await server.restart();
    }
    const { hit } = apps.counted();
    await apps.pass(1_000);
    await until(() => apps.counted().hit > hit, { timeoutMs: 60_000, what: 'it has healed' }); // a breaker pauses by time, not by reads
    expect(await apps.end()).toEqual([]);
  });

  it('that stands still for 300 ms lets no read fail, or be old', async () => {
    const server = await redis();
    const apps = await boot({ url: server.url });
    apps.begin();
    for (let time = 0; time < 5; time += 1) {
      await apps.pass(100);
      process.kill(server.pid, 'SIGSTOP');
      await new Promise((resolve) => setTimeout(resolve, 300));
      process.kill(server.pid, 'SIGCONT');
    }
    await apps.pass(300);
    expect(await apps.end()).toEqual([]);
    expect(apps.counted().bypass).toBeGreaterThan(0);
  });

  const crowded = ['--maxmemory', '3mb', '--maxmemory-policy', 'allkeys-random'];

  /** Others fill the memory of the server, so that it evicts. */
  async function crowd(server: PrivateServer, apps: ItemsApps, ends: () => boolean): Promise<number> {
    const client = plain(server);
    apps.begin();
    for (let round = 0; round < 40 && !ends(); round += 1) {
      await apps.pass(50);
      await Promise.all(
        Array.from({ length: 500 }, (_, at) => client.set(`other ${round} ${at}`, 'x'.repeat(2_000), 'PX', 60_000)),
      );
    }
    return Number(/evicted_keys:(\d+)/.exec(await client.info('stats'))?.[1]);
  }

  it('that evicts tokens and answers as it likes lets no read fail, or be old', async () => {
    const server = await redis(...crowded);
    const apps = await boot({ url: server.url });
    expect(await crowd(server, apps, () => false)).toBeGreaterThan(1_000);
    expect(await apps.end()).toEqual([]);
  });

  it('that evicts lets reads be old where tokens are counters: the same check sees that', async () => {
    const server = await redis(...crowded);
    const apps = await boot({ url: server.url, tokens: counted(server.url) });
    await crowd(server, apps, () => apps.violations().length > 0);
    expect(await apps.end()).not.toEqual([]);
  });
});

describe.each<[string, boolean]>([
  ['with the epoch no read is old', true],
  ['without the epoch some are: the same check sees that', false],
])('while eight read and two write: %s', (_, epoch) => {
  const cache = (url: string): Partial<AppsTerms> & { readonly url: string } => ({
    url,
    memory: false, // what a server has of before is served as soon as its token is current
    cache: { timeout: '5s' }, // a machine that is busy is not slow
    ...(!epoch && { tokens: withoutEpoch(url) }),
  });

  async function hits(apps: ItemsApps, count: number): Promise<void> {
    const { hit } = apps.counted();
    await until(() => apps.counted().hit > hit + count, { timeoutMs: 60_000, what: `${count} hits` });
  }

  /** Everything is cached, and then changed, and between the two a server is what it will be again. */
  async function play(apps: ItemsApps, remember: () => Promise<unknown>, lose: () => Promise<unknown>): Promise<void> {
    apps.begin();
    await apps.pass(100);
    await apps.rest();
    await hits(apps, 300); // all there is, many times
    await remember();
    apps.write(2);
    await apps.pass(200);
    await apps.rest();
    await lose();
    await hits(apps, 100);
    const found = await apps.end();
    if (epoch) expect(found).toEqual([]);
    else expect(found).not.toEqual([]);
  }

  it('where a server starts from an older snapshot', async () => {
    const server = await redis();
    const apps = await boot(cache(server.url));
    await play(
      apps,
      () => plain(server).save(),
      async () => {
        await server.stop('SIGKILL');
        await apps.pass(50);
        await server.restart();
      },
    );
  });

  it('where a replica is promoted that has not got the last purges', async () => {
    const { primary, replica } = await pair();
    const address = await Crossing.to(primary.port);
    afterwards(() => address.close());
    const apps = await boot(cache(address.url));
    await play(
      apps,
      async () => {
        const standby = plain(replica);
        await caughtUp(standby, plain(primary));
        await standby.replicaof('NO', 'ONE');
      },
      async () => {
        await primary.stop('SIGKILL');
        await apps.pass(50);
        address.switch(replica.port);
      },
    );
  });
});
