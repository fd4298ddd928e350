import { describe, expect, it } from '@jest/globals';
import { MemoryCoherence } from '../../../libs/orchestrator/src/cache/memory/memory.coherence.js';

const KEPT = 10;
const others = (from: number, count: number): string[] =>
  Array.from({ length: count }, (_, at) => `other ${from + at}`);

describe('the tokens in memory', () => {
  it('are kept for as many tags as it says, at least', async () => {
    const coherence = new MemoryCoherence(KEPT);
    const tags = others(0, KEPT);
    const tokens = await coherence.read(tags);
    for (const [at, tag] of tags.entries()) expect(await coherence.read([tag])).toEqual([tokens[at]]);
  });

  it('are kept for twice as many at most, however many are read and purged', async () => {
    const coherence = new MemoryCoherence(KEPT);
    for (let round = 0; round < 50; round += 1) {
      await coherence.read(others(2 * round * KEPT, KEPT));
      await coherence.purge(others((2 * round + 1) * KEPT, KEPT));
    }
    const held = Object.values(coherence).filter((value) => value instanceof Map);
    const size = held.reduce((sum, half) => sum + half.size, 0);
    expect(size).toBeGreaterThanOrEqual(KEPT);
    expect(size).toBeLessThanOrEqual(2 * KEPT);
  });

  it('are forgotten first where they were used least recently', async () => {
    const coherence = new MemoryCoherence(KEPT);
    const [used, unused] = await coherence.read(['used', 'unused']);
    for (let round = 0; round < 10; round += 1) {
      await coherence.read(others(round * KEPT, KEPT / 2));
      await coherence.read(['used']);
    }
    const [still, again] = await coherence.read(['used', 'unused']);
    expect(still).toBe(used);
    expect(again).not.toBe(unused);
  });

  it('are forgotten last where they were purged most recently: an older one does not come back', async () => {
    const coherence = new MemoryCoherence(KEPT);
    const [before] = await coherence.read(['a']);
    await coherence.read(others(0, KEPT)); // the old half still holds what it had
    await coherence.purge(['a']);
    const [after] = await coherence.read(['a']);
    expect(after).not.toBe(before);
    await coherence.read(others(KEPT, KEPT));
    expect(await coherence.read(['a'])).toEqual([after]);
  });

  it('are never the same twice, in one instance or in two: a store may keep answers for longer than a process lives', async () => {
    const tokens = new Set<string>();
    const made = [new MemoryCoherence(KEPT), new MemoryCoherence(KEPT)];
    for (const coherence of made) {
      for (let round = 0; round < 10; round += 1) {
        for (const token of await coherence.read(others(round * KEPT, KEPT))) tokens.add(token);
        await coherence.purge(['a']);
        for (const token of await coherence.read(['a'])) tokens.add(token);
      }
    }
    expect(tokens.size).toBe(made.length * 10 * (KEPT + 1));
  });

  it('are one instance’s alone', () => {
    const [one, other] = [new MemoryCoherence(), new MemoryCoherence()];
    expect(one.shared).toBe(false);
    expect([one.sharedWith(one), one.sharedWith(other)]).toEqual([true, false]);
  });
});
