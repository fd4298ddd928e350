import type { Cookbook } from '../../../libs/orchestrator/src/cookbook/cookbook.js';
import {
  type Faults,
  type FaultPlan,
  RandomFaults,
} from '../../../libs/orchestrator/src/testing/simulator/fault-plan.js';
import { SeededRandom } from '../../../libs/orchestrator/src/testing/simulator/seeded-random.js';
import { API_INPUT, generateCookbook } from '../random/cookbooks.js';
import { callsOf, interpret } from '../random/interpreter.js';
import { type Boot, type Places, placed } from './ways.js';
import type { Trial } from './workshop.js';

/** One way to run every generated cookbook. */
export interface Setting {
  readonly name: string;
  readonly boot: Boot;
  readonly places: Places;
  readonly faults: Faults;
  readonly requeue?: boolean;
  readonly twice?: boolean;
}

const EVERYTHING: Faults = { crash: 2, slow: 1, stall: 1, storeError: 1, publishError: 1, double: 0.3, reorder: true };

/** Forks are left once more, after a step before them was tried again. */
export const FORGETFUL: Faults = { restart: 1, failover: 3, slow: 4, crash: 3, stall: 2, double: 0.6, reorder: true };

const setting = (
  name: string,
  boot: Boot,
  places: Places,
  faults: Faults = {},
  more: Pick<Setting, 'requeue' | 'twice'> = {},
): Setting => ({
  name,
  boot,
  places,
  faults,
  ...more,
});

export const SETTINGS: readonly Setting[] = [
  setting('as generated', 'by-service', 'generated'),
  setting('a hop per task', 'by-service', 'next'),
  setting('coalesced, parts in process', 'by-service', 'one'),
  setting('parts as messages', 'messages', 'generated'),
  setting('parts walked', 'walked', 'generated'),
  setting('without records', 'no-records', 'generated'),
  setting('every message twice', 'by-service', 'generated', { double: 1 }),
  setting('every message twice, parts as messages', 'messages', 'one', { double: 1, reorder: true }),
  setting('reordered', 'by-service', 'generated', { reorder: true, double: 0.2 }),
  setting('crashes', 'by-service', 'generated', { crash: 2, reorder: true }),
  setting('crashes, a hop per task', 'by-service', 'next', { crash: 2 }),
  setting('crashes, parts in process', 'by-service', 'one', { crash: 2, reorder: true }),
  setting('crashes, parts as messages', 'messages', 'one', { crash: 2, reorder: true }),
  setting('crashes, parts walked', 'walked', 'generated', { crash: 2 }),
  setting('crashes without records', 'no-records', 'generated', { crash: 2, reorder: true }),
  setting('stalls', 'by-service', 'generated', { stall: 2, reorder: true }),
  setting('stalls, parts in process', 'by-service', 'one', { stall: 2, reorder: true, double: 0.2 }),
  setting('store errors', 'by-service', 'generated', { storeError: 3 }),
  setting('store errors, parts in process', 'by-service', 'one', { storeError: 3 }),
  setting('slow handlers', 'by-service', 'generated', { slow: 3, reorder: true, double: 0.2 }),
  setting('slow handlers, parts in process', 'by-service', 'one', { slow: 3, crash: 1, storeError: 1 }),
  setting('publishing unconfirmed', 'by-service', 'generated', { publishError: 2, reorder: true }),
  setting('requeued', 'by-service', 'generated', {}, { requeue: true }),
  setting(
    'requeued, twice and reordered',
    'by-service',
    'generated',
    { double: 0.6, reorder: true },
    { requeue: true },
  ),
  setting('requeued, crashes', 'messages', 'generated', { crash: 2, double: 0.3, reorder: true }, { requeue: true }),
  setting('everything', 'by-service', 'generated', EVERYTHING, { requeue: true }),
  setting('everything, parts in process', 'by-service', 'one', EVERYTHING, { requeue: true }),
  setting('everything, parts as messages', 'messages', 'generated', EVERYTHING, { requeue: true }),
  setting('started twice', 'by-service', 'generated', { crash: 2, reorder: true }, { twice: true }),
  setting('cancelled', 'by-service', 'generated', { cancel: 1, crash: 1, reorder: true, double: 0.3 }),
  setting('cancelled, parts in process', 'by-service', 'one', { cancel: 1, crash: 2, stall: 1, storeError: 1 }),
  setting('the store restarts empty', 'by-service', 'generated', { restart: 1 }),
  setting('the store restarts empty, crashes', 'messages', 'generated', { ...EVERYTHING, restart: 2 }),
  setting('the store fails over', 'messages', 'generated', { failover: 1 }),
  setting('the store fails over, crashes', 'messages', 'generated', { ...EVERYTHING, failover: 3 }),
  setting('the store forgets, slow handlers', 'messages', 'generated', FORGETFUL),
];

/** Handler calls of a cookbook that is worth its time: larger ones find nothing that smaller ones do not. */
const MOST_CALLS = 30;

/** A cookbook of that seed; the same for every setting. */
export function cookbookOf(seed: number, steps = 10, mostCalls = MOST_CALLS): Cookbook {
  for (let variant = seed; ; variant += 1_000_003) {
    const cookbook = generateCookbook(variant, { draws: true, steps });
    if (callsOf(interpret(cookbook, API_INPUT, 'simulated').trace).length <= mostCalls) return cookbook;
  }
}

/** The run of a seed in a setting. */
export function trialOf(
  { places, faults, requeue = false, twice = false }: Setting,
  seed: number,
  steps?: number,
): Trial {
  return { cookbook: placed(cookbookOf(seed, steps), places), seed, plan: planOf(faults, seed), requeue, twice };
}

export function planOf(faults: Faults, seed: number): FaultPlan {
  const random = new SeededRandom(seed ^ 0x5eed);
  return new RandomFaults(random, faults, random.pick([8, 25, 60]));
}
