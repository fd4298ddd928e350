import { setTimeout } from 'node:timers/promises';
import { describe, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { transportContract, type TransportFixture } from 'nest-orchestrator/testing'; // as others import it
import { wireOf } from '../../libs/orchestrator/src/transports/nest/nest.options.js';
import { NestTransport } from '../../libs/orchestrator/src/transports/nest/nest.transport.js';
import {
  type Addresses,
  addressesOf,
  nestOptionsOf,
  type NestTransportName,
  ownExchange,
} from '../support/nest-transports.js';

Logger.overrideLogger(false); // handlers refuse messages on purpose

const NAMES: readonly NestTransportName[] = ['Transport.RMQ', 'Transport.NATS', 'Transport.REDIS', 'Transport.TCP'];

describe.each(NAMES)('%s', (name) => {
  const exchange = ownExchange();
  const addresses: Addresses = new Map();
  const make = (service: string, prefetch?: number): NestTransport => {
    const options = nestOptionsOf(name, service, { addresses, exchange, ...(prefetch !== undefined && { prefetch }) });
    return new NestTransport(service, wireOf(options)(service));
  };
  const fixture: TransportFixture = {
    open: async (service, options) => {
      for (const [key, address] of await addressesOf([service])) if (!addresses.has(key)) addresses.set(key, address);
      const transport = make(service, options?.prefetch);
      await transport.open();
      return transport;
    },
    now: () => Date.now(),
    pass: (ms) => setTimeout(ms),
  };
  for (const { name: says, run } of transportContract(make('any').capabilities)) it(says, () => run(fixture));
});
