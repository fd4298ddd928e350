import { randomUUID } from 'node:crypto';
import { describe, expect, it, jest } from '@jest/globals';
import { violationsOf } from '../support/coherence/history.js';
import { put } from '../support/coherence/load.js';
import { Delivery, observe } from '../support/coherence/plays.js';
import { RandomStage } from '../support/coherence/random-stage.js';
import { World } from '../support/coherence/world.js';
import { Prng } from '../support/random/prng.js';
import { type AppsTerms, ItemsApps } from '../support/redis/items.apps.js';
import '../support/redis/logged.js';
import { PurgeByPattern } from '../support/redis/naive-redis.js';
import { afterwards, plain } from '../support/redis/private-redis.js';

jest.setTimeout(300_000); // it takes seconds; a busy machine takes its time

const url = process.env['REDIS_URL'] ?? '';

async function boot(terms: Partial<AppsTerms>): Promise<ItemsApps> {
  const apps = await ItemsApps.boot({ url, apps: 3, seed: 1, ...terms });
  afterwards(() => apps.close());
  return apps;
}

describe('eight readers and two writers, of three applications with one Redis', () => {
  it.each<[string, Partial<AppsTerms>]>([
    ['answers in the memory of each, and behind it in Redis', { workflows: 0.06 }],
    ['answers in Redis alone', { memory: false }],
    ['answers in the memory of each alone', { entries: false }],
  ])('never see what was before a change that was acknowledged before they asked: %s', async (_, terms) => {
    const apps = await boot(terms);
    apps.begin();
    await apps.pass(2_000);
    expect(await apps.end()).toEqual([]);
    expect(apps.refused).toBe(0);
    const { hit, fill } = apps.counted();
    expect(hit).toBeGreaterThan(200); // else nothing is shown
    expect(fill).toBeGreaterThan(200);
  });

  it('do, where what is changed is searched for by a pattern, and deleted: the same check sees that', async () => {
    const random = new Prng(3);
    const world = new World(new RandomStage(random));
    const prefix = randomUUID();
    const protocols = Array.from({ length: 3 }, () => new PurgeByPattern(world, plain({ url }), prefix));
    const cells = ['A', 'B', 'C'];
    // A round may happen to show nothing.
    for (let round = 0; round < 20 && violationsOf(world.history.events).length === 0; round += 1) {
      await put(
        { readers: 8, writers: 2, operations: 3_000 },
        () => observe(world, random.pick(protocols), random.pick(cells)),
        () => new Delivery(world, random.pick(protocols), random.pick(cells)).handle(),
      );
    }
    expect(violationsOf(world.history.events)).not.toEqual([]);
  });
});
