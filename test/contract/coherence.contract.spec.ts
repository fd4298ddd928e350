import { describe, expect, it } from '@jest/globals';
import { coherenceContract } from '../../libs/orchestrator/src/testing/coherence.contract.js';
import { coherencesFaultyInPurging, coherencesFaultyInReading } from './coherences-faulty.js';
import { StoredCoherence, storedFixture } from './stored-coherence.js';

const FAULTY = [...coherencesFaultyInReading(), ...coherencesFaultyInPurging()];

describe('the contract of tokens', () => {
  it.each(coherenceContract)('lets them pass that are shared, in a store that takes its time: $name', ({ run }) =>
    run(storedFixture(StoredCoherence)),
  );

  it.each(FAULTY)('sees a coherence that %s', async (_, seenBy, type) => {
    const [found] = coherenceContract.filter(({ name }) => name.startsWith(seenBy));
    await expect(found?.run(storedFixture(type))).rejects.toThrow();
  });

  it('has no case that sees none of these faults', () => {
    const blind = coherenceContract.filter(({ name }) => !FAULTY.some(([, seenBy]) => name.startsWith(seenBy)));
    expect(blind.map(({ name }) => name)).toEqual([]);
  });

  it('wants another client of tokens that say they are shared, and none of others', async () => {
    const [first] = coherenceContract.filter(({ name }) => name.startsWith('says who'));
    const { coherence, forget } = storedFixture(StoredCoherence);
    await expect(first?.run({ coherence, forget })).rejects.toThrow('another client');
    class Alone extends StoredCoherence {
      override readonly shared = false;
    }
    const alone = new Alone(new Map());
    await expect(first?.run({ coherence: alone, another: () => alone, forget })).rejects.toThrow('another client');
  });
});
