import { interleavingCases } from './coherence-contract/interleaving.js';
import { purgingCases } from './coherence-contract/purging.js';
import { readingCases } from './coherence-contract/reading.js';
import type { CoherenceCase } from './coherence-contract/stage.js';

export type { CoherenceFixture } from './coherence-contract/stage.js';

/**
 * What every `Coherence` must do, so that no answer is served that was true before a change. Each case names what it would
 * catch; run them in any test runner:
 *
 * @example
 * for (const { name, run } of coherenceContract) it(name, () => run({ coherence, another, forget }));
 */
export const coherenceContract: readonly CoherenceCase[] = [...readingCases, ...purgingCases, ...interleavingCases];
