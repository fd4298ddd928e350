import assert from 'node:assert/strict';
import { setImmediate } from 'node:timers/promises';
import { SeededRandom } from '../simulator/seeded-random.js';
import { type CoherenceCase, type CoherenceFixture, clientsOf, newTags, tokensOf } from './stage.js';

const SEEDS = 5;
const ACTORS = 8;
const ACTIONS = 40;

/** What one of the actors did. */
interface Action {
  /** What each tag had; `undefined`: it was a purge. */
  readonly tokens: ReadonlyMap<string, string | undefined>;
  readonly purge: boolean;
  /** By a clock that everything moves on. */
  readonly began: number;
  readonly ended: number;
}

/** What happens while something else does, or does not. */
export const interleavingCases: readonly CoherenceCase[] = [
  {
    name: 'never brings back a token that was read before a purge, however reads, purges and evictions interleave',
    async run(fixture) {
      for (let seed = 1; seed <= SEEDS; seed += 1) {
        const back = broughtBack(await history(fixture, new SeededRandom(seed)));
        assert.equal(back, undefined, `with seed ${seed}`);
      }
    },
  },
  {
    name: 'rejects reads and purges when the store cannot be reached, whatever it has heard before',
    async run(fixture) {
      const { coherence, cut } = fixture;
      const tags = newTags(2);
      await tokensOf(coherence, tags);
      if (cut === undefined) return;
      await cut();
      for (let time = 0; time < 2; time += 1) {
        await assert.rejects(async () => coherence.read(tags), 'a read that knows nothing');
        await assert.rejects(async () => coherence.purge(tags), 'a purge that nobody has taken');
      }
    },
  },
];

/** Everything that several actors did at once. */
async function history(fixture: CoherenceFixture, random: SeededRandom): Promise<readonly Action[]> {
  const clients = clientsOf(fixture);
  const tags = newTags(4);
  const done: Action[] = [];
  let time = 0;
  const act = async (): Promise<void> => {
    for (let pause = random.below(4); pause > 0; pause -= 1) await setImmediate();
    const some = tags.filter(() => random.chance(0.5));
    if (random.chance(0.03)) return fixture.forget(some);
    const client = random.pick(clients);
    const purge = random.chance(0.3);
    const began = (time += 1);
    if (purge) await client.purge(some);
    const tokens = purge ? [] : await tokensOf(client, some);
    const ended = (time += 1);
    done.push({ purge, began, ended, tokens: new Map(some.map((tag, at) => [tag, tokens[at]])) });
  };
  const actor = async (): Promise<void> => {
    for (let action = 0; action < ACTIONS; action += 1) await act();
  };
  await Promise.all(Array.from({ length: ACTORS }, actor));
  return done;
}

/** A token that was read before a purge began, and after it had ended. */
function broughtBack(actions: readonly Action[]): string | undefined {
  const reads = actions.filter(({ purge }) => !purge);
  for (const { tokens, began, ended } of actions.filter(({ purge }) => purge)) {
    for (const tag of tokens.keys()) {
      const of = (some: readonly Action[]): string[] => some.flatMap((read) => read.tokens.get(tag) ?? []);
      const before = new Set(of(reads.filter((read) => read.ended < began)));
      const back = of(reads.filter((read) => read.began > ended)).find((token) => before.has(token));
      if (back !== undefined) return back;
    }
  }
  return undefined;
}
