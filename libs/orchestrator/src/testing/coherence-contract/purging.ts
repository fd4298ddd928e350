import assert from 'node:assert/strict';
import {
  type CoherenceCase,
  clientsOf,
  newTag,
  newTags,
  replacedAmong,
  tokenOf,
  tokensApart,
  tokensOf,
} from './stage.js';

/** How often what depends on the moment is tried. */
const ROUNDS = 20;

/** What a purge replaces, and when that is seen. */
export const purgingCases: readonly CoherenceCase[] = [
  {
    name: 'replaces every tag of a purge once, and no other however alike',
    async run({ coherence }) {
      const tags = newTags(3);
      const [first = ''] = tags;
      const others = [newTag(), `${first}/1`, `${first}1`, first.slice(0, -1), `x${first}`];
      const before = [...(await tokensApart(coherence, tags)), ...(await tokensApart(coherence, others))];
      await coherence.purge(Object.freeze([...tags]));
      const after = await tokensOf(coherence, [...tags, ...others]);
      assert.deepEqual(replacedAmong(before, after), [...tags.map(() => true), ...others.map(() => false)]);
      assert.deepEqual(await tokensOf(coherence, [...tags, ...others]), after);
    },
  },
  {
    name: 'lets every read see a purge that starts once it has resolved',
    async run(fixture) {
      const clients = clientsOf(fixture);
      const tag = newTag();
      for (let round = 0; round < ROUNDS; round += 1) {
        const [by = fixture.coherence] = round % 2 === 0 ? clients : clients.toReversed();
        for (const reader of clients) {
          const before = await tokenOf(reader, tag);
          await by.purge([tag]);
          assert.notEqual(await tokenOf(reader, tag), before);
        }
      }
    },
  },
  {
    name: 'lets no read join one that began before a purge',
    async run(fixture) {
      const [one, other] = clientsOf(fixture);
      for (let round = 0; round < ROUNDS; round += 1) {
        const tag = newTag();
        const before = await tokenOf(one, tag);
        const early = [tokenOf(one, tag), tokenOf(other, tag)];
        await other.purge([tag]);
        const late = await Promise.all([tokenOf(one, tag), tokenOf(other, tag)]);
        await Promise.all(early);
        assert.ok(!late.includes(before), 'it was read after the purge');
      }
    },
  },
  {
    name: 'gives no two purges the same token, also where they are made at the same moment',
    async run(fixture) {
      const [one, other] = clientsOf(fixture);
      const tag = newTag();
      const seen = new Set([await tokenOf(one, tag)]);
      for (let round = 1; round <= ROUNDS; round += 1) {
        await (round % 2 === 0 ? one.purge([tag]) : Promise.all([one.purge([tag]), other.purge([tag])]));
        seen.add(await tokenOf(one, tag));
        assert.equal(seen.size, round + 1, 'a token that it had before');
      }
    },
  },
  {
    name: 'gives a tag that was forgotten a token that it never had',
    async run({ coherence, forget }) {
      const tags = newTags(2);
      const seen = new Set(await tokensApart(coherence, tags));
      for (let round = 1; round <= 3; round += 1) {
        await forget(tags);
        for (const token of await tokensApart(coherence, tags)) seen.add(token);
        assert.equal(seen.size, 2 * (round + 1), 'a token that it had before');
      }
    },
  },
  {
    name: 'purges a tag that was forgotten with a token that it never had',
    async run({ coherence, forget }) {
      const tag = newTag();
      const seen = new Set([await tokenOf(coherence, tag)]);
      for (let round = 1; round <= 3; round += 1) {
        await coherence.purge([tag]);
        seen.add(await tokenOf(coherence, tag));
        await forget([tag]);
        await coherence.purge([tag]);
        seen.add(await tokenOf(coherence, tag));
        assert.equal(seen.size, 2 * round + 1, 'a token that it had before');
      }
    },
  },
];
