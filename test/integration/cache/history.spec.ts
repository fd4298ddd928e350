import { afterEach, describe, expect, it, jest } from '@jest/globals';
import type { CacheCounters } from 'nest-orchestrator';
import { Callers } from '../../support/coherence/callers.js';
import { violationsOf } from '../../support/coherence/history.js';
import { ItemsApp } from '../../support/coherence/items.app.js';
import { put } from '../../support/coherence/load.js';
import { CountedGenerations, PurgeBefore, PurgeByDelete } from '../../support/coherence/naive.js';
import { Delivery, observe } from '../../support/coherence/plays.js';
import { RandomStage } from '../../support/coherence/random-stage.js';
import { StepCacheProtocol } from '../../support/coherence/step-cache.protocol.js';
import { type ProtocolOf, World } from '../../support/coherence/world.js';
import { Prng } from '../../support/random/prng.js';

jest.setTimeout(300_000); // it takes seconds; a busy machine takes its time

const ACTORS = { readers: 8, writers: 2 };

/** What all operations did. */
function sumOf(counters: Readonly<Record<string, CacheCounters>>): { readonly hit: number; readonly fill: number } {
  const sum = { hit: 0, fill: 0 };
  for (const { hit, fill } of Object.values(counters)) {
    sum.hit += hit;
    sum.fill += fill;
  }
  return sum;
}

let app: ItemsApp | undefined;
afterEach(async () => {
  await app?.close();
  app = undefined;
});

describe('eight readers and two writers, by HTTP, RPC and workflows', () => {
  it('never see what was before a change that was acknowledged before they asked', async () => {
    const random = new Prng(1);
    app = await ItemsApp.boot(new RandomStage(random));
    const callers = new Callers(app, random, { workflows: 0.06, staged: 0.5, rest: 10 });
    await put(
      { ...ACTORS, operations: 10_000 },
      () => callers.read(),
      () => callers.write(),
    );
    const { history } = app.world;
    expect(violationsOf(history.events)).toEqual([]);
    expect(callers.taken.workflow).toBeGreaterThan(400);
    expect(callers.taken.http).toBeGreaterThan(4_000);
    expect(callers.taken.rpc).toBeGreaterThan(4_000);
    const { hit, fill } = sumOf(app.cache.counters());
    expect(hit).toBeGreaterThan(1_500); // else nothing is shown
    expect(fill).toBeGreaterThan(1_500);
  });

  it('do, where the cache stands within the interceptor that commits: the same check sees that', async () => {
    const random = new Prng(2);
    app = await ItemsApp.boot(new RandomStage(random), { misplaced: true });
    const callers = new Callers(app, random, { workflows: 0, staged: 1, rest: 3 });
    let found: readonly string[] = [];
    for (let round = 0; round < 20 && found.length === 0; round += 1) {
      await put(
        { ...ACTORS, operations: 500 },
        () => callers.read(),
        () => callers.write(),
      );
      found = violationsOf(app.world.history.events);
    }
    expect(found).not.toEqual([]);
  });
});

/** What is read and changed at random, without Nest: violations of the promise. */
async function violationsUnder(protocolOf: ProtocolOf): Promise<readonly string[]> {
  const random = new Prng(3);
  const world = new World(new RandomStage(random));
  const protocol = protocolOf(world);
  const cells = ['A', 'B', 'C'];
  await put(
    { ...ACTORS, operations: 3_000 },
    () => observe(world, protocol, random.pick(cells)),
    async () => {
      await new Delivery(world, protocol, random.pick(cells)).handle();
      if (random.chance(0.1)) protocol.forget();
    },
  );
  return violationsOf(world.history.events);
}

describe('the same readers and writers', () => {
  it.each<[string, ProtocolOf]>([
    ['deletes the entry', (world) => new PurgeByDelete(world)],
    ['purges before the mutation alone', (world) => new PurgeBefore(world)],
    ['counts generations, in a store that evicts', (world) => new CountedGenerations(world)],
    ['stands within the interceptor that commits', (world) => new StepCacheProtocol(world, { transaction: 'around' })],
  ])('see what was before a change under a protocol that %s', async (_, protocol) => {
    expect(await violationsUnder(protocol)).not.toEqual([]);
  });

  it('do not under ours', async () => {
    expect(await violationsUnder((world) => new StepCacheProtocol(world))).toEqual([]);
  });
});
