import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { foreach } from '../../libs/orchestrator/src/engine/steps/foreach.step.js';
import { forkJoin } from '../../libs/orchestrator/src/engine/steps/fork-join.step.js';
import { choice } from '../../libs/orchestrator/src/engine/steps/switch.step.js';
import { RunScope } from '../../libs/orchestrator/src/engine/run-scope.js';
import { MemoryStateStore } from '../../libs/orchestrator/src/state/memory/memory.store.js';
import type { MemoryBroker } from '../../libs/orchestrator/src/transports/memory/memory.broker.js';
import { Laboratory } from '../support/random/laboratory.js';
import { Prng } from '../support/random/prng.js';

let laboratory: Laboratory;
beforeAll(async () => {
  laboratory = await Laboratory.open();
});
afterAll(() => laboratory.services.close());

describe('generated cookbooks over three services', () => {
  it('do what a recursive interpreter does: outputs, failure, calls and their order, 1,000 of them', async () => {
    for (let seed = 1; seed <= 1_000; seed += 1) {
      const { seen, wanted, disorder, ends } = await laboratory.execute(seed);
      expect({ seed, disorder, ends, ...(JSON.parse(seen) as object) }).toEqual({
        seed,
        ends: 1,
        ...(JSON.parse(wanted) as object),
      });
    }
  }, 300_000);
});

/** The store fails so often, before it did what it was asked or after. */
function unreliable(store: MemoryStateStore, random: Prng): () => void {
  const mends = (['claim', 'record', 'extend', 'end'] as const).map((method) => {
    const original = store[method].bind(store) as (...args: readonly unknown[]) => Promise<unknown>;
    const failing = async (...args: readonly unknown[]): Promise<unknown> => {
      if (random.chance(0.03)) throw new Error('the store is away');
      const answer = await original(...args);
      if (random.chance(0.03)) throw new Error('the answer is lost');
      return answer;
    };
    Object.assign(store, { [method]: failing });
    return () => Reflect.deleteProperty(store, method); // the class's own method shows again
  });
  return () => {
    for (const mend of mends) mend();
  };
}

/** Every message comes twice; not what is put back because of that. */
function doubled(broker: MemoryBroker): () => void {
  const publish = broker.publish.bind(broker);
  const seen = new Set<string>();
  broker.publish = (message) => {
    publish(message);
    if (!message.destination.endsWith('.workflow') || seen.has(message.messageId)) return;
    seen.add(message.messageId);
    publish({ ...message, delay: (message.delay ?? 0) + 5 });
  };
  return () => {
    broker.publish = publish;
  };
}

/** What a run came to, without the calls that led there. */
function result(text: string): object {
  const { calls: _, ...rest } = JSON.parse(text) as Record<string, unknown>;
  return rest;
}

describe('generated cookbooks', () => {
  /** @param judge what of an experiment must be as it should be */
  async function inTrouble(mends: (() => void)[], judge: (text: string) => object): Promise<void> {
    try {
      for (let seed = 1; seed <= 400; seed += 1) {
        const { seen, wanted, ends } = await laboratory.execute(seed);
        expect({ seed, ends, ...judge(seen) }).toEqual({ seed, ends: 1, ...judge(wanted) });
      }
    } finally {
      for (const mend of mends) mend();
    }
  }

  it.each<[string, () => () => void]>([
    ['the store fails now and then', () => unreliable(laboratory.store, new Prng(7))],
    ['every message comes twice', () => doubled(laboratory.broker)],
  ])(
    'while %s do the same: nothing is lost, no effect repeated, every run ends with one content',
    (_, trouble) => inTrouble([trouble()], (text) => JSON.parse(text) as object),
    300_000,
  );

  it('while the store fails and messages come twice come to the same', async () => {
    // The copy of a message may be granted before the one that carries an effect which could not be recorded: that one repeats.
    await inTrouble([unreliable(laboratory.store, new Prng(8)), doubled(laboratory.broker)], result);
  }, 300_000);
});

describe('the comparison sees', () => {
  type Break = () => () => void;

  /** Replaces a method until the returned function is called. */
  function replace<T extends object, K extends keyof T>(owner: T, name: K, make: (original: T[K]) => T[K]): () => void {
    const original = owner[name];
    owner[name] = make(original);
    return () => {
      owner[name] = original;
    };
  }

  const planted: readonly (readonly [string, Break])[] = [
    ['lanes that count their items from zero', () => replace(foreach, 'label', () => (frame) => `[${frame.index}]`)],
    [
      'lanes that are joined in the wrong order',
      () =>
        replace(foreach, 'merge', (merge) => (step, lanes) => merge?.(step, lanes.toReversed()) ?? (lanes[0] as never)),
    ],
    [
      'branches that are joined in the wrong order',
      () =>
        replace(
          forkJoin,
          'merge',
          (merge) => (step, parts) => merge?.(step, parts.toReversed()) ?? (parts[0] as never),
        ),
    ],
    [
      'a switch that takes its default for every value',
      () => replace(choice, 'enter', (enter) => (step, entering) => enter({ ...step, cases: {} }, entering)),
    ],
    [
      'an index that is always the first',
      () =>
        replace(RunScope.prototype, 'root', (root) => {
          return function (this: RunScope, name) {
            return name === 'index' ? 0 : root.call(this, name);
          };
        }),
    ],
    [
      'a first message that comes twice, and nobody to say which delivery counts',
      () => {
        const { broker } = laboratory;
        const { publish } = broker;
        broker.publish = (message) => {
          publish.call(broker, message);
          if (message.body.includes('"seq":1,')) publish.call(broker, message);
        };
        const mend = replace(MemoryStateStore.prototype, 'claim', () => (hop, { now: at }) => {
          const holder = { ...hop, seq: hop.seq ?? 1, token: 'any' };
          return Promise.resolve({ kind: 'granted', holder, journal: {}, at, left: false });
        });
        const record = replace(MemoryStateStore.prototype, 'record', () => () => Promise.resolve('ok'));
        const end = replace(MemoryStateStore.prototype, 'end', () => () => Promise.resolve('ok'));
        return () => {
          broker.publish = publish;
          for (const each of [mend, record, end]) each();
        };
      },
    ],
  ];
  it.each(planted)('%s', async (_, plant) => {
    const mend = plant();
    try {
      for (let seed = 1; seed <= 300; seed += 1) {
        const { seen, wanted, disorder } = await laboratory.execute(seed);
        if (seen !== wanted || disorder !== undefined) return;
      }
    } finally {
      mend();
    }
    throw new Error('nobody noticed');
  });
});
