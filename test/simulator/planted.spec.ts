import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from '@jest/globals';
import { PLANTED } from '../support/simulator/planted.js';
import { trialOf } from '../support/simulator/settings.js';
import { Workshops } from '../support/simulator/workshops.js';

const workshops = new Workshops();
afterAll(() => workshops.close());

describe('the simulator sees', () => {
  it.each(PLANTED)(
    '$name (seed $seed)',
    async ({ setting, seed, plant }) => {
      const workshop = await workshops.of(setting.boot);
      const mend = plant();
      try {
        expect((await workshop.run(trialOf(setting, seed, 6))).differences).not.toEqual([]);
      } finally {
        mend();
      }
      expect((await workshop.run(trialOf(setting, seed, 6))).differences).toEqual([]);
    },
    120_000,
  ); // some never end, which takes 20,000 calls to see
});

describe('docs/testing.md', () => {
  it('lists every planted fault with its seed, and no other', () => {
    const rows = [
      ...readFileSync('docs/testing.md', 'utf8').matchAll(/^\| (a|an|no|lines|outcomes) (.+?) +\| +(\d+) +\|/gm),
    ];
    const listed = rows.map(([, article = '', name = '', seed]) => `${article} ${name}: ${seed}`);
    expect(listed.sort()).toEqual(PLANTED.map(({ name, seed }) => `${name}: ${seed}`).sort());
  });
});
