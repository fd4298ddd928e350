import { describe, expect, it, jest } from '@jest/globals';
import { explore } from '../support/coherence/explorer.js';
import { CountedGenerations, PurgeBefore, PurgeByDelete } from '../support/coherence/naive.js';
import { type Cast, playOf } from '../support/coherence/plays.js';
import { PIPES, StepCacheProtocol, type StepCacheTerms } from '../support/coherence/step-cache.protocol.js';
import type { World } from '../support/coherence/world.js';

/**
 * The library's own classes, and every order in which the calls of their ports can happen. Orders that differ in independent
 * steps alone are played once: each schedule here stands for hundreds.
 */

jest.setTimeout(300_000); // it takes seconds; a busy machine takes its time

const stepCache =
  (terms?: StepCacheTerms) =>
  (world: World): StepCacheProtocol =>
    new StepCacheProtocol(world, terms);

/** Two ask at any time, and somebody changes it. */
const TWO_READERS = { readers: [['A'], ['A']], mutators: [['A']] };
/** One asks twice, and somebody changes it at any time. */
const TWO_READS = { readers: [['A', 'A']], mutators: [['A']] };
const BOTH = ['A', 'B'];

interface Scene extends Cast<StepCacheProtocol> {
  /** What has happened when it begins. */
  readonly after?: readonly string[];
  /** How many schedules there are of it at least: about half of what there are. */
  readonly atLeast: number;
}

const SCENES: Readonly<Record<string, Scene>> = {
  'two readers and a mutator': { protocol: stepCache(), ...TWO_READERS, atLeast: 200 },
  'a reader at work, two more, and a mutator': {
    protocol: stepCache(),
    readers: [['A'], ['A'], ['A']],
    mutators: [['A']],
    after: ['reader 1 begins to read', 'reader 1 gets an entry', 'reader 1 reads the tokens'],
    atLeast: 2_500,
  },
  'a reader and two mutators': { protocol: stepCache(), ...TWO_READS, mutators: [['A'], ['A']], atLeast: 500 },
  'a reader of a list, and mutators of its items': {
    protocol: stepCache(),
    readers: [[BOTH, BOTH]],
    mutators: [['A'], ['B']],
    atLeast: 300,
  },
  'a transaction that an interceptor commits': {
    protocol: stepCache({ transaction: 'within' }),
    ...TWO_READERS,
    atLeast: 200,
  },
  'a pipe that spells the id otherwise': {
    protocol: stepCache({ pipe: PIPES.spelling }),
    readers: [['a'], [' a']],
    mutators: [['A']],
    atLeast: 500,
  },
  'a pipe that loads what the id names': { protocol: stepCache({ pipe: PIPES.loading }), ...TWO_READERS, atLeast: 200 },
  'a pipe that spells the id otherwise, and loads what it names': {
    protocol: stepCache({ pipe: PIPES.loading }),
    readers: [['a'], ['a']],
    mutators: [['A']],
    atLeast: 200,
  },
  'a mutation that is given up, and made later': {
    protocol: stepCache({ deadline: true }),
    ...TWO_READS,
    atLeast: 700,
  },
  'a mutation that is given up, and made while it is purged for that': {
    protocol: stepCache({ deadline: true, slowReply: true }),
    ...TWO_READS,
    atLeast: 2_000,
  },
  'a mutator that crashes, and its message that comes again': {
    protocol: stepCache(),
    ...TWO_READS,
    crash: (protocol, cell) => protocol.replay(cell),
    atLeast: 150,
  },
  'entries that expire': {
    protocol: stepCache(),
    ...TWO_READS,
    accidents: {
      'an expiry': (protocol) => {
        protocol.expire();
      },
    },
    atLeast: 100,
  },
  'entries that are evicted, and stored again': {
    protocol: stepCache(),
    ...TWO_READS,
    accidents: {
      'an eviction': (_, { store }) => {
        store.evict();
      },
      'a repetition': (_, { store }) => {
        store.repeat();
      },
    },
    atLeast: 500,
  },
  'tokens that are lost': {
    protocol: stepCache(),
    ...TWO_READS,
    accidents: {
      'a loss': (protocol) => {
        protocol.forget();
      },
    },
    atLeast: 90,
  },
};

describe('a read that starts after a mutation was acknowledged never sees what was before, in every schedule of', () => {
  it.each(Object.entries(SCENES))('%s', async (_, { atLeast, after = [], ...cast }) => {
    const { schedules, example } = await explore(playOf(cast), { after });
    expect(example).toEqual([]);
    expect(schedules).toBeGreaterThanOrEqual(atLeast);
  });
});

describe('among the schedules of two readers and a mutator', () => {
  it('are those in which an answer is stored, served, shared while it is made, and old', async () => {
    const { outcomes } = await explore(playOf({ protocol: stepCache(), ...TWO_READERS }));
    const told = [...outcomes].join();
    for (const each of ['"hit"', 'hit: another call was making it', 'miss: not stored', 'miss: purged', '"fill"'])
      expect(told).toContain(each);
  });
});

/** Protocols that do not keep the promise. */
const NAIVE: Readonly<Record<string, Cast>> = {
  'deletes the entry': { protocol: (world) => new PurgeByDelete(world), ...TWO_READERS },
  'purges before the mutation alone': { protocol: (world) => new PurgeBefore(world), ...TWO_READERS },
  'counts generations, in a store that evicts': {
    protocol: (world) => new CountedGenerations(world),
    ...TWO_READS,
    accidents: {
      'an eviction': (protocol) => {
        protocol.forget();
      },
    },
  },
  'stands within the interceptor that commits': { protocol: stepCache({ transaction: 'around' }), ...TWO_READERS },
};

describe('the same explorer and checker find a read that does, under a protocol that', () => {
  it.each(Object.entries(NAIVE))('%s', async (_, cast) => {
    const { violating, example } = await explore(playOf(cast), { untilViolation: true });
    expect(violating).toBe(1);
    expect(example.at(-1)).toMatch(/^read \d+ saw A at 0; 1 was acknowledged before it began$/);
  });
});
