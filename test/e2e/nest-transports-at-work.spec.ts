import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { type ClientOptions, ClientProxyFactory, type RmqOptions, Transport } from '@nestjs/microservices';
import { connect, type ChannelModel } from 'amqplib';
import { lastValueFrom } from 'rxjs';
import type { IncomingMessage } from 'nest-orchestrator';
import { wireOf } from '../../libs/orchestrator/src/transports/nest/nest.options.js';
import { NestTransport } from '../../libs/orchestrator/src/transports/nest/nest.transport.js';
import {
  addressesOf,
  type Addresses,
  nestOptionsOf,
  type NestTransportName,
  ownExchange,
} from '../support/nest-transports.js';
import { until } from '../support/until.js';

/** What each of Nest's transports does beyond the contract of all, on its real server. */

Logger.overrideLogger(false); // messages are refused and lost on purpose

const EVERY: readonly NestTransportName[] = ['Transport.RMQ', 'Transport.NATS', 'Transport.REDIS', 'Transport.TCP'];
const FLEETING = EVERY.filter((name) => name !== 'Transport.RMQ');

let service: string;
let exchange: string;
let addresses: Addresses;
let opened: NestTransport[];
beforeEach(async () => {
  [service, exchange, opened] = [`work-${randomUUID()}`, ownExchange(), []];
  addresses = await addressesOf([service]);
});
afterEach(async () => {
  await Promise.all(opened.map((transport) => transport.close()));
});

async function open(name: NestTransportName): Promise<NestTransport> {
  const transport = new NestTransport(service, wireOf(nestOptionsOf(name, service, { addresses, exchange }))(service));
  opened.push(transport);
  await transport.open();
  return transport;
}

/** What comes to a transport, with the moment at which it did. */
async function listen(transport: NestTransport): Promise<(IncomingMessage & { readonly at: number })[]> {
  const came: (IncomingMessage & { readonly at: number })[] = [];
  await transport.consume(`${service}.workflow`, (message) => {
    came.push({ ...message, at: Date.now() });
    return Promise.resolve();
  });
  return came;
}

const send = (transport: NestTransport, body: string, delay = 0): Promise<void> =>
  transport.publish({ destination: `${service}.workflow`, body, messageId: `${service}:${body.slice(0, 20)}`, delay });

describe.each(EVERY)('%s', (name) => {
  it('holds back what is sent with a delay: never early, and what is due passes it', async () => {
    const transport = await open(name);
    const came = await listen(transport);
    const sent = Date.now();
    await send(transport, 'late', 600);
    await send(transport, 'now');
    await until(() => came.length === 2, { timeoutMs: 10_000 });
    expect(came.map(({ body }) => body)).toEqual(['now', 'late']);
    expect(Number(came[1]?.at) - sent).toBeGreaterThanOrEqual(600);
  });

  it('does not wait at stop for what is held back', async () => {
    const transport = await open(name);
    const came = await listen(transport);
    await send(transport, 'much later', 3_600_000);
    let stopped = false;
    void transport.stop(60_000).then(() => (stopped = true));
    await until(() => stopped);
    expect(came).toEqual([]);
  });
});

describe.each<NestTransportName>(['Transport.RMQ', 'Transport.NATS'])('%s, of which one gets a message', (name) => {
  it('hands what it holds back to another process of its service when it goes', async () => {
    const [going, staying] = [await open(name), await open(name)];
    const before = await listen(going);
    const sent = Date.now();
    await send(going, 'later', 4_000); // by when the other one listens, on a busy machine too
    const came = await listen(staying);
    await going.stop(1_000);
    await going.close();
    await until(() => came.length === 1, { timeoutMs: 10_000 });
    expect({ before, body: came[0]?.body }).toEqual({ before: [], body: 'later' });
    expect(Number(came[0]?.at) - sent).toBeGreaterThanOrEqual(4_000);
  });
});

describe.each(FLEETING)('%s, whose messages come once', (name) => {
  it('does not give what its handler refused to anybody again', async () => {
    const transport = await open(name);
    const seen: string[] = [];
    await transport.consume(`${service}.workflow`, ({ body }) => {
      seen.push(body);
      return body === 'bad' ? Promise.reject(new Error('no')) : Promise.resolve();
    });
    await send(transport, 'bad');
    await send(transport, 'good');
    await until(() => seen.includes('good'));
    expect(seen).toEqual(['bad', 'good']);
  });

  it('keeps no failed runs to be listed', async () => {
    const transport = await open(name);
    await transport.publish({ destination: 'workflow.failed', body: '{}', messageId: service });
    await transport.remove('workflow.failed', service);
    expect(await transport.browse('workflow.failed')).toEqual([]);
  });

  it('takes the message itself from whoever emits it by a client of Nest', async () => {
    const came = await listen(await open(name));
    const client = ClientProxyFactory.create(nestOptionsOf(name, service, { addresses, exchange }) as ClientOptions);
    await lastValueFrom(client.emit(`${service}.workflow`, { workflow_id: 'w' }), { defaultValue: undefined });
    await until(() => came.length === 1);
    expect(came[0]?.body).toBe('{"workflow_id":"w"}');
    await client.close();
  });
});

describe('NATS', () => {
  it('refuses a message that is larger than the server takes, instead of trying it for ever', async () => {
    const transport = await open('Transport.NATS');
    const came = await listen(transport);
    await expect(send(transport, 'x'.repeat(1_100_000))).rejects.toMatchObject({ code: 'MESSAGE_TOO_LARGE' });
    await send(transport, 'small');
    await until(() => came.length === 1);
  });

  it('refuses to listen where no server is', async () => {
    const options = { servers: 'nats://127.0.0.1:1', queue: 'any', maxReconnectAttempts: 0 };
    const transport = new NestTransport(service, wireOf({ transport: Transport.NATS, options })(service));
    await expect(transport.consume(`${service}.workflow`, () => Promise.resolve())).rejects.toMatchObject({
      code: 'BROKER_UNAVAILABLE',
    });
  });
});

describe('TCP', () => {
  it('refuses a port that another process has', async () => {
    const first = await open('Transport.TCP');
    await listen(first);
    const second = await open('Transport.TCP');
    await expect(listen(second)).rejects.toMatchObject({ code: 'BROKER_UNAVAILABLE' });
  });
});

describe('RabbitMQ by Nest', () => {
  let model: ChannelModel;
  beforeEach(async () => {
    model = await connect(process.env['AMQP_URL'] ?? '');
  });
  afterEach(() => model.close());

  it('refuses to start over a queue that was made otherwise', async () => {
    const channel = await model.createChannel();
    await channel.assertQueue(`${service}.workflow`, { durable: true });
    await expect(open('Transport.RMQ')).rejects.toMatchObject({ code: 'BROKER_REFUSED' });
    await channel.deleteQueue(`${service}.workflow`);
  });

  it('that may declare nothing, and whose queue is missing, is refused, and does not end the process', async () => {
    const { options = {}, ...rmq } = nestOptionsOf('Transport.RMQ', service, { addresses, exchange }) as RmqOptions;
    const transport = new NestTransport(service, wireOf({ ...rmq, options: { ...options, noAssert: true } })(service));
    opened.push(transport);
    await expect(listen(transport)).rejects.toMatchObject({ code: 'BROKER_REFUSED' });
  });

  it('shows what somebody else has put among the failed runs as it is', async () => {
    const transport = await open('Transport.RMQ');
    const channel = await model.createConfirmChannel();
    channel.publish(exchange, 'workflow.failed', Buffer.from('no JSON'), { messageId: 'foreign' });
    await channel.waitForConfirms();
    expect(await transport.browse('workflow.failed')).toEqual([{ body: 'no JSON', messageId: 'foreign' }]);
  });

  it('consumes again when the broker has ended that', async () => {
    const transport = await open('Transport.RMQ');
    const came = await listen(transport);
    const channel = await model.createChannel();
    await channel.deleteQueue(`${service}.workflow`);
    await until(async () => (await count(model, `${service}.workflow`)) === 1, {
      timeoutMs: 15_000,
      what: 'it is consumed',
    });
    await send(transport, 'after');
    await until(() => came.length === 1, { timeoutMs: 10_000 });
  });

  it('lets a short delay pass more long ones than it has in hand', async () => {
    const transport = await open('Transport.RMQ');
    const came = await listen(transport);
    await Promise.all(Array.from({ length: 1_100 }, (_, n) => send(transport, `long ${n}`, 120_000)));
    await send(transport, 'short', 100);
    await until(() => came.length > 0, { timeoutMs: 40_000 });
    expect(came.map(({ body }) => body)).toEqual(['short']);
  });

  it('does not lose what is held back with the process that holds it', async () => {
    const going = await open('Transport.RMQ');
    await listen(going);
    await send(going, 'held', 300);
    await going.close(); // not stopped before: as good as gone
    const came = await listen(await open('Transport.RMQ'));
    await until(() => came.length === 1, { timeoutMs: 10_000 });
    expect(came[0]?.body).toBe('held');
  });
});

/** How many consume a queue; one that is not there has none. */
async function count(model: ChannelModel, queue: string): Promise<number> {
  const channel = await model.createChannel();
  channel.on('error', () => undefined);
  try {
    return (await channel.checkQueue(queue)).consumerCount;
  } catch {
    return 0;
  }
}
