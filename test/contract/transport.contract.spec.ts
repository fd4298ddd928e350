import { describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { transportContract } from '../../libs/orchestrator/src/testing/transport.contract.js';
import { memoryFixture } from './memory-fixture.js';
import { transportsFaultyAtWork } from './transports-faulty-at-work.js';
import { transportsFaultyWhenTheyGo } from './transports-faulty-when-they-go.js';

Logger.overrideLogger(false); // handlers refuse messages on purpose

const ALL = transportContract({ durable: true, delay: true, competing: true, redelivery: true });
const FAULTY = [...transportsFaultyAtWork(), ...transportsFaultyWhenTheyGo()];
const namesOf = (cases: readonly { readonly name: string }[]) => cases.map(({ name }) => name);

describe('the contract of transports', () => {
  it('asks of a transport only what it says it can do', () => {
    const least = transportContract({ durable: false, delay: false, competing: false, redelivery: false });
    expect(namesOf(ALL)).toEqual(expect.arrayContaining(namesOf(least)));
    expect(least.length).toBeLessThan(ALL.length / 2);
    expect(namesOf(least).join()).not.toMatch(/delay|refused|one of the consumers/);
  });

  it.each(FAULTY)('sees a transport that %s', async (_, seenBy, type) => {
    const [found] = ALL.filter(({ name }) => name.startsWith(seenBy));
    await expect(found?.run(memoryFixture(type))).rejects.toThrow();
  });

  it('has no case that sees none of these faults', () => {
    const seeing = FAULTY.map(([, seenBy]) => seenBy);
    expect(namesOf(ALL).filter((name) => !seeing.some((start) => name.startsWith(start)))).toEqual([]);
  });
});
