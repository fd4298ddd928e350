import { describe, it } from '@jest/globals';
import { coherenceContract } from 'nest-orchestrator/testing'; // as others import it
import { MemoryCoherence } from '../../libs/orchestrator/src/cache/memory/memory.coherence.js';

const KEPT = 2_000;

describe('the tokens in memory', () => {
  it.each(coherenceContract)('$name', async ({ run }) => {
    const coherence = new MemoryCoherence(KEPT);
    let others = 0;
    await run({
      coherence,
      forget: async () => {
        // Twice as many others as are kept: what was used before them is forgotten.
        await coherence.read(Array.from({ length: 2 * KEPT }, () => `other ${(others += 1)}`));
      },
    });
  });
});
