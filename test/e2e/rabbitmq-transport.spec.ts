import { setTimeout } from 'node:timers/promises';
import { describe, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { transportContract, type TransportFixture } from 'nest-orchestrator/testing'; // as others import it
import { rabbitSettingsOf } from '../../libs/orchestrator/src/transports/rabbitmq/rabbitmq.options.js';
import { RabbitTransport } from '../../libs/orchestrator/src/transports/rabbitmq/rabbitmq.transport.js';

Logger.overrideLogger(false); // handlers refuse messages on purpose

const urls = process.env['AMQP_URL'] ?? '';

const fixture: TransportFixture = {
  open: async (service, options) => {
    const transport = new RabbitTransport(service, rabbitSettingsOf({ urls, ...options }));
    await transport.open();
    return transport;
  },
  now: () => Date.now(),
  pass: (ms) => setTimeout(ms),
};

describe('the RabbitMQ transport', () => {
  const { capabilities } = new RabbitTransport('any', rabbitSettingsOf({ urls }));
  for (const { name, run } of transportContract(capabilities)) it(name, () => run(fixture));
});
