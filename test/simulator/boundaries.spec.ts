import { afterAll, describe, expect, it } from '@jest/globals';
import { everyCrash } from '../support/simulator/boundaries.js';
import { cookbookOf } from '../support/simulator/settings.js';
import { type Boot, type Places, placed } from '../support/simulator/ways.js';
import { Workshops } from '../support/simulator/workshops.js';

const workshops = new Workshops();
afterAll(() => workshops.close());

/** Of each way. */
const COOKBOOKS = 14;
const STEPS = 5;

describe('one crash, before and after every call there is', () => {
  it.each<readonly [string, Boot, Places]>([
    ['a hop per task', 'by-service', 'next'],
    ['coalesced, parts in process', 'by-service', 'one'],
    ['parts as messages', 'messages', 'generated'],
    ['parts walked', 'walked', 'generated'],
  ])(
    'changes nothing: %s',
    async (_, boot, places) => {
      const workshop = await workshops.of(boot);
      let crashes = 0;
      for (let seed = 1; seed <= COOKBOOKS; seed += 1) {
        const boundaries = await everyCrash(workshop, placed(cookbookOf(seed, STEPS, 10), places), seed);
        crashes += boundaries.length;
        expect({ seed, found: boundaries.filter(({ differences }) => differences.length > 0) }).toEqual({
          seed,
          found: [],
        });
      }
      expect(crashes).toBeGreaterThan(COOKBOOKS * 20);
    },
    180_000,
  );
});
