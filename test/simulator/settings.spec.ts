import { afterAll, describe, expect, it } from '@jest/globals';
import { endsOf, repeatedEffects } from '../../libs/orchestrator/src/testing/simulator/invariants.js';
import { SETTINGS, trialOf } from '../support/simulator/settings.js';
import type { Setting } from '../support/simulator/settings.js';
import { Workshops } from '../support/simulator/workshops.js';

const workshops = new Workshops();
afterAll(() => workshops.close());

/** Of each setting. */
const RUNS = 80;
const STEPS = 8;

describe('generated cookbooks come to what a recursive interpreter comes to', () => {
  it.each(SETTINGS)(
    '$name',
    async (setting) => {
      const workshop = await workshops.of(setting.boot);
      for (let seed = 1; seed <= RUNS; seed += 1) {
        const { differences, history } = await workshop.run(trialOf(setting, seed, STEPS));
        expect({ seed, differences, faults: history.faults }).toEqual({
          seed,
          differences: [],
          faults: history.faults,
        });
      }
    },
    60_000,
  );

  it.each([
    ['an overdue handler, upheld while the store fails', 'slow handlers, parts in process', 398],
    [
      'an overdue handler, upheld while the store fails: its attempt is not forgotten',
      'slow handlers, parts in process',
      524,
    ],
    ['the next attempt of a part in process, on another line', 'slow handlers, parts in process', 19],
    ['an overdue handler that crashes after that', 'everything, parts in process', 136],
    ['a stalled hop that records in a store which has started empty', 'the store restarts empty, crashes', 382],
  ])('%s, which once was not so', async (_, name, seed) => {
    const setting = SETTINGS.find((each) => each.name === name) ?? SETTINGS[0];
    if (setting === undefined) throw new TypeError('There are no settings.');
    const { differences } = await (await workshops.of(setting.boot)).run(trialOf(setting, seed));
    expect(differences).toEqual([]);
  });

  it('in more than 2,000 runs', () => {
    expect(SETTINGS.length * RUNS).toBeGreaterThan(2_000);
  });
});

describe('without records', () => {
  const crashes: Setting = { name: '', boot: 'by-service', places: 'generated', faults: { crash: 2, reorder: true } };

  /** What crashes showed: steps that were repeated without need, and runs that ended in several ways. */
  async function shown(
    setting: Setting,
  ): Promise<{ readonly repeated: number; readonly split: number; readonly lost: number }> {
    const workshop = await workshops.of(setting.boot);
    const sum = { repeated: 0, split: 0, lost: 0 };
    for (let seed = 1; seed <= RUNS; seed += 1) {
      const { history } = await workshop.run(trialOf(setting, seed, STEPS));
      sum.repeated += repeatedEffects(history) > 0 ? 1 : 0;
      sum.split += new Set(endsOf(history).map(({ body }) => body)).size > 1 ? 1 : 0;
      sum.lost += endsOf(history).length === 0 ? 1 : 0;
    }
    return sum;
  }

  it('the same crashes repeat steps and split runs, but lose none', async () => {
    const without = await shown({ ...crashes, boot: 'no-records' });
    const withRecords = await shown(crashes);
    expect(withRecords).toMatchObject({ split: 0, lost: 0 });
    expect(without.lost).toBe(0);
    expect(without.split).toBeGreaterThan(5);
    expect(without.repeated).toBeGreaterThan(withRecords.repeated);
  }, 60_000);
});

describe('a seed', () => {
  /** Ids are random, and name nothing but themselves. */
  const anonymous = (trace: readonly string[]): string[] => {
    const names = new Map<string, string>();
    const name = (id: string): string => {
      names.set(id, names.get(id) ?? `id${names.size}`);
      return names.get(id) ?? id;
    };
    return trace.map((line) => line.replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, name));
  };

  it.each(SETTINGS.filter(({ name }) => name.startsWith('everything')))(
    'replays, call for call: $name',
    async (setting) => {
      const workshop = await workshops.of(setting.boot);
      for (const seed of [3, 4, 5, 6]) {
        const [first, second] = [
          await workshop.run({ ...trialOf(setting, seed, STEPS), traced: true }),
          await workshop.run({ ...trialOf(setting, seed, STEPS), traced: true }),
        ];
        expect(anonymous(second.history.trace)).toEqual(anonymous(first.history.trace));
        expect(first.history.trace.length).toBeGreaterThan(5);
      }
    },
  );
});
