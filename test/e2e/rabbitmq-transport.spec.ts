import { Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { transportContract, type TransportFixture } from 'nest-orchestrator/testing'; // as others import it
import { rabbitSettingsOf } from '../../libs/orchestrator/src/transports/rabbitmq/rabbitmq.options.js';
import { RabbitTransport } from '../../libs/orchestrator/src/transports/rabbitmq/rabbitmq.transport.js';
import { socketWrites } from '../support/socket-writes.js';

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

  // Else the second part of a message waits for an acknowledgement that the broker's side delays: 40 ms for each of more than 2 kB.
  it('lets no part of a message wait for the part before it', async () => {
    const setNoDelay = jest.spyOn(Socket.prototype, 'setNoDelay');
    const transport = await fixture.open('no-delay', {});
    const told = setNoDelay.mock.calls.map(([noDelay]) => noDelay);
    setNoDelay.mockRestore();
    await transport.close();
    expect(told).toEqual([true, true]); // one connection publishes, the other consumes
  });

  // It hooks into the inside of amqplib: this sees a version that is made otherwise.
  it('sends what is published in one turn at once', async () => {
    const transport = await fixture.open('at-once', {});
    const message = { destination: 'at-once.workflow', body: '{}' };
    await transport.publish({ ...message, messageId: 'first' });
    const publish = (_: unknown, n: number): Promise<void> => transport.publish({ ...message, messageId: `${n}` });
    const written = await socketWrites(() => Promise.all(Array.from({ length: 50 }, publish)));
    await transport.close();
    expect(written).toBeGreaterThan(0);
    expect(written).toBeLessThan(10);
  });
});
