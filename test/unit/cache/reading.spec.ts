import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { Breaker } from '../../../libs/orchestrator/src/cache/breaker.js';
import { createCache } from 'cache-manager';
import { Keyv } from 'keyv';
import { Entries } from '../../../libs/orchestrator/src/cache/entries.js';
import { Flights } from '../../../libs/orchestrator/src/cache/flights.js';
import { MemoryCoherence } from '../../../libs/orchestrator/src/cache/memory/memory.coherence.js';
import { Reading } from '../../../libs/orchestrator/src/cache/reading.js';
import type { Dependencies } from '../../../libs/orchestrator/src/cache/tags.js';
import { Owners } from '../../../libs/orchestrator/src/cache/owners.js';
import { VirtualClock } from '../../../libs/orchestrator/src/testing/virtual-clock.js';

interface Stage {
  readonly coherence: MemoryCoherence;
  readonly told: string[];
  ask(): Reading;
}

/** Readings of one question, which depends on tag `a`; every hit is in the sample. */
function setUp(): Stage {
  const [clock, coherence, told] = [new VirtualClock(), new MemoryCoherence(), [] as string[]];
  const flights = new Flights(clock);
  const entries = new Entries(() => createCache({ stores: [new Keyv()] }), 50, clock);
  entries.open();
  const breaker = new Breaker(clock, undefined);
  const depending = (more: readonly unknown[] = []): Dependencies => ({ tags: ['a', ...more.map(String)], fixed: 1, collections: [] }); // prettier-ignore
  const dependencies = depending();
  const ports = {
    entries, coherence, breaker, flights, clock,
    owners: new Owners('orders', coherence, breaker, clock),
    maxEntryBytes: 1_000,
    sample: () => true,
    mutates: () => false,
    tell: (type: string) => void told.push(type),
  }; // prettier-ignore
  const asked = {
    key: 'k', handler: undefined, caller: {}, ttl: 1_000, collapses: true, dependencies, owners: [],
    dependenciesOf: depending,
  }; // prettier-ignore
  return { coherence, told, ask: () => new Reading(ports, asked) };
}

const handler = { type: class Orders {}, methodName: 'get' };

/** What a handler does that answers this. */
const answering = (reading: Reading, value: unknown) => async (): Promise<unknown> => {
  await reading.starting(handler, []);
  return value;
};

describe('a reading', () => {
  it('that nobody waits for before it begins to execute keeps nobody waiting', async () => {
    const { ask } = setUp();
    const gone = ask();
    const finding = gone.find();
    gone.fail(); // an interrupted call never says anything else
    await finding;
    const next = ask();
    expect(await next.around(answering(next, 1))).toBe(1);
  });

  it('that is checked tells a difference that nothing explains', async () => {
    const { ask, told } = setUp();
    const [first, second] = [ask(), ask()];
    await first.around(answering(first, 1));
    expect(await second.around(answering(second, 2))).toBe(2);
    expect(told).toContain('difference');
  });

  it('that is checked tells no difference that a change since it was found explains', async () => {
    const { ask, coherence, told } = setUp();
    const [first, second] = [ask(), ask()];
    await first.around(answering(first, 1));
    const found = await second.find();
    await coherence.purge(['a']); // between the look and the check
    expect(await second.checked(found?.value, answering(second, 2))).toBe(1);
    expect(told).not.toContain('difference');
  });
});

describe('a reading that waits for another', () => {
  it('and that nobody waits for any more does not execute when that one comes to nothing', async () => {
    const { ask, told } = setUp();
    const [owner, waiter] = [ask(), ask()];
    await owner.find();
    let executed = false;
    const waiting = waiter.around(async () => {
      executed = true;
      return answering(waiter, 1)();
    });
    await setImmediate(); // it has boarded
    waiter.fail();
    owner.fail();
    await expect(waiting).rejects.toThrow('waits for it');
    expect(executed).toBe(false);
    expect(told).toEqual(['miss']);
  });
});

describe('a reading whose handler calls itself again and again', () => {
  /** Reads so many other things beside `a`. */
  async function readMany(reading: Reading, count: number): Promise<number> {
    await reading.starting(handler, []);
    for (let each = 0; each < count; each += 1) await reading.starting(handler, [each]);
    return count;
  }

  it.each([
    [255, ['miss', 'fill']],
    [256, ['miss', 'bypass']],
    [10_000, ['miss', 'bypass']],
  ])('is stored with all it depends on, unless that is too much: %d things more', async (count, expected) => {
    const { ask, told } = setUp();
    const reading = ask();
    expect(await reading.around(() => readMany(reading, count))).toBe(count);
    expect(told).toEqual(expected);
  });
});
