import { setTimeout } from 'node:timers/promises';
import { describe, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { transportContract, type TransportFixture, VirtualClock } from 'nest-orchestrator/testing'; // as others import it
import { MemoryBroker } from '../../libs/orchestrator/src/transports/memory/memory.broker.js';
import { MemoryTransport } from '../../libs/orchestrator/src/transports/memory/memory.transport.js';
import { SystemClock } from '../../libs/orchestrator/src/utils/clock.js';
import { memoryFixture } from './memory-fixture.js';

Logger.overrideLogger(false); // handlers refuse messages on purpose

const { capabilities } = new MemoryTransport(new MemoryBroker(new VirtualClock()), 'any');

describe('the in-memory transport', () => {
  for (const { name, run } of transportContract(capabilities)) it(name, () => run(memoryFixture()));
});

describe('the in-memory transport, in real time', () => {
  const fixture = (): TransportFixture => {
    const broker = new MemoryBroker(new SystemClock());
    return {
      open: (service, options) => new MemoryTransport(broker, service, options),
      now: () => Date.now(),
      pass: (ms) => setTimeout(ms),
    };
  };
  const timed = { ...capabilities, competing: false, redelivery: false };
  for (const { name, run } of transportContract(timed)) it.concurrent(name, () => run(fixture()));
});
