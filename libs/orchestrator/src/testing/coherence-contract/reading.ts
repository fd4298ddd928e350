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

/** Tags that a store might take for something else, or for one another. */
const ODD = [
  '__proto__', 'constructor', 'toString', ' ', 'a b', 'a\nb', 'a\0b', '*', 'h?llo', '[a-z]', '{a}', '{a}b', 'a:b', 'a::b', 'a/b',
  'a%2Fb', '%', "'", '"', '\\', 'tag', 'Tag', 'TAG', 'tag ', ' tag', 'ž🐎', 'é', 'e\u0301', '1', '01', '1.0', 'x'.repeat(5_000),
]; // prettier-ignore

/** What is read while nothing changes. */
export const readingCases: readonly CoherenceCase[] = [
  {
    name: 'gives the tokens of tags in their order, whatever that is',
    async run({ coherence }) {
      const [a = '', b = '', c = ''] = newTags(3);
      const [ofA, ofB, ofC] = await tokensApart(coherence, [a, b, c]);
      assert.deepEqual(await tokensOf(coherence, [a, b, c]), [ofA, ofB, ofC]);
      assert.deepEqual(await tokensOf(coherence, [c, a, b]), [ofC, ofA, ofB]);
      assert.deepEqual(await tokensOf(coherence, [b, newTag(), b]).then(([first, , third]) => [first, third]), [
        ofB,
        ofB,
      ]);
    },
  },
  {
    name: 'gives the same tokens again as long as nothing is purged, also to those who ask for a new tag at the same moment',
    async run(fixture) {
      const [one, other] = clientsOf(fixture);
      const tags = newTags(3);
      const [first = [], ...others] = await Promise.all(
        [one, other, one, other].map((client) => tokensOf(client, tags)),
      );
      for (const tokens of others) assert.deepEqual(tokens, first);
      for (const client of [one, other]) assert.deepEqual(await tokensOf(client, tags), first);
    },
  },
  {
    name: 'keeps tags apart whatever their text: prototype names, patterns, separators, case, unicode, length',
    async run({ coherence }) {
      await coherence.purge(ODD);
      for (const [at, tag] of ODD.entries()) {
        const before = await tokensOf(coherence, ODD);
        await coherence.purge([tag]);
        const replaced = replacedAmong(before, await tokensOf(coherence, ODD));
        assert.deepEqual(ODD.filter((_, other) => replaced[other]), [ODD[at]]); // prettier-ignore
      }
    },
  },
  {
    name: 'reads and purges a thousand tags at once',
    async run({ coherence }) {
      const tags = newTags(1_000);
      const before = await tokensOf(coherence, tags);
      assert.deepEqual(await tokensOf(coherence, tags.toReversed()), before.toReversed());
      await coherence.purge(tags);
      const after = await tokensOf(coherence, tags);
      assert.deepEqual(replacedAmong(before, after), tags.map(() => true)); // prettier-ignore
      assert.equal(await tokenOf(coherence, tags[999] ?? ''), after[999]);
    },
  },
  {
    name: 'reads nothing of no tags, and purges nothing then',
    async run({ coherence }) {
      const tag = newTag();
      const before = await tokenOf(coherence, tag);
      assert.deepEqual(await coherence.read([]), []);
      await coherence.purge([]);
      assert.equal(await tokenOf(coherence, tag), before);
    },
  },
  {
    name: 'says who shares its tokens, and keeps them for all of these',
    async run(fixture) {
      const [one, other] = clientsOf(fixture);
      assert.ok(one.sharedWith(one), 'it shares its tokens with itself');
      assert.ok(one.sharedWith(other) && other.sharedWith(one), 'two clients of the same tokens say so');
      const tags = newTags(2);
      const before = await tokensApart(one, tags);
      assert.deepEqual(await tokensOf(other, tags), before);
      await other.purge(tags.slice(0, 1));
      const after = await tokensOf(one, tags);
      assert.deepEqual(replacedAmong(before, after), [true, false]);
      assert.deepEqual(await tokensOf(other, tags), after);
    },
  },
];
