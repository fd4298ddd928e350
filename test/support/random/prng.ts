/** A failing seed replays: the library's own generator. */
export { SeededRandom as Prng } from '../../../libs/orchestrator/src/testing/simulator/seeded-random.js';
