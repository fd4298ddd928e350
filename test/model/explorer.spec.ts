import { describe, expect, it, jest } from '@jest/globals';
import { explore, type Play } from '../support/coherence/explorer.js';
import { CountedGenerations, PurgeByDelete } from '../support/coherence/naive.js';
import { type Cast, playOf } from '../support/coherence/plays.js';
import { StepCacheProtocol } from '../support/coherence/step-cache.protocol.js';

const ACTORS = ['a', 'b'];

jest.setTimeout(60_000); // it takes a second; a busy machine takes its time

/** Two actors, each of whom takes so many steps; a step uses this thing. */
const steps =
  (count: number, thingOf: (actor: string) => string): Play =>
  (stage) => {
    let order = '';
    for (const actor of ACTORS) {
      const act = (): void => {
        stage.writes(thingOf(actor));
        order += actor;
      };
      stage.enter(actor, 'enters', async () => {
        act();
        for (let at = 1; at < count; at += 1) await stage.step('goes on', act);
      });
    }
    return () => ({ violations: [], outcome: order });
  };

describe('every order in which steps can happen is played', () => {
  it('once: three steps of one actor among three of another stand in 20 ways', async () => {
    const { schedules, outcomes } = await explore(steps(3, () => 'shared'));
    expect({ schedules, outcomes: outcomes.size }).toEqual({ schedules: 20, outcomes: 20 });
  });

  it('but for those that differ in the order of independent steps alone, when it is to be reduced', async () => {
    const independent = steps(3, (actor) => `of ${actor}`);
    expect(await explore(independent)).toMatchObject({ schedules: 1 });
    expect(await explore(independent, { reduced: false })).toMatchObject({ schedules: 20 });
  });

  it('which finds an update that is lost in one order of many', async () => {
    const lossy: Play = (stage) => {
      let shared = 0;
      for (const actor of ACTORS) {
        stage.enter(actor, 'enters', async () => {
          const read = await stage.step('reads', () => (stage.reads('shared'), shared));
          await stage.step('writes', () => (stage.writes('shared'), (shared = read + 1)));
        });
      }
      return () => ({ violations: shared === 2 ? [] : [`it is ${shared}`] });
    };
    const { schedules, violating, example } = await explore(lossy);
    expect(violating).toBeGreaterThan(0);
    expect(violating).toBeLessThan(schedules);
    expect(example.at(-1)).toBe('it is 1');
  });

  it('and none in which somebody acts who has crashed', async () => {
    const { outcomes } = await explore((stage) => {
      let order = '';
      stage.enter('one', 'enters', async () => {
        order += 'a';
        await stage.step('goes on', () => (order += 'b'));
      });
      stage.enter('a crash', 'happens', () => (stage.kill('one'), (order += '!')), { optional: true });
      return () => ({ violations: [], outcome: order });
    });
    expect([...outcomes].sort()).toEqual(['!', 'a!', 'ab']);
  });
});

/** Small enough to be played in full, after these steps. */
const CASTS: Readonly<Record<string, Omit<Cast, 'readers' | 'mutators'> & { readonly after: readonly string[] }>> = {
  'the step cache': {
    protocol: (world) => new StepCacheProtocol(world),
    after: [
      'reader 1 begins to read',
      'reader 1 gets an entry',
      'reader 1 reads the tokens',
      'mutator 1 begins to mutate',
    ],
  },
  'one that deletes entries': {
    protocol: (world) => new PurgeByDelete(world),
    after: ['reader 1 begins to read'],
  },
  'one whose counters are evicted': {
    protocol: (world) => new CountedGenerations(world),
    accidents: {
      'an eviction': (protocol) => {
        protocol.forget();
      },
    },
    after: [
      'reader 1 begins to read',
      'reader 1 gets entry A',
      'reader 1 gets generation A',
      'mutator 1 begins to mutate',
    ],
  },
};

describe('reduced, the schedules of', () => {
  it.each(Object.entries(CASTS))('%s end in all the ways in which all of them do', async (_, { after, ...cast }) => {
    const play = playOf({ ...cast, readers: [['A', 'A']], mutators: [['A']] });
    const whole = await explore(play, { after, reduced: false });
    const reduced = await explore(play, { after });
    expect(reduced.schedules).toBeLessThan(whole.schedules / 5);
    expect(reduced.outcomes).toEqual(whole.outcomes);
    expect(reduced.outcomes.size).toBeGreaterThan(1);
    expect(reduced.violating > 0).toBe(whole.violating > 0);
  });
});
