import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Logger, type LoggerService } from '@nestjs/common';
import { type ChannelModel, connect } from 'amqplib';
import { type RabbitOptions, rabbitTopology } from 'nest-orchestrator/rabbitmq';
import { type PrivateRabbit, startRabbit } from '../../scripts/private-servers.mjs';
import { rabbitSettingsOf } from '../../libs/orchestrator/src/transports/rabbitmq/rabbitmq.options.js';
import { RabbitTransport } from '../../libs/orchestrator/src/transports/rabbitmq/rabbitmq.transport.js';
import type { MessageHandler } from '../../libs/orchestrator/src/transports/workflow.transport.js';
import { until } from '../support/until.js';

jest.setTimeout(120_000); // a broker takes ten seconds to start

const root = mkdtempSync(join(tmpdir(), 'rabbitmq-faults-'));
let broker: PrivateRabbit;
let admin: ChannelModel;
let log: string[] = [];
const opened: RabbitTransport[] = [];

beforeAll(async () => {
  broker = await startRabbit(root);
  const keep = (message: unknown): void => void log.push(String(message));
  Logger.overrideLogger({ log: keep, warn: keep, error: keep } satisfies LoggerService);
});
afterAll(async () => {
  await broker.stop();
  await rm(root, { recursive: true });
});
afterEach(async () => {
  for (const transport of opened.splice(0)) await transport.close();
  log = [];
});

/** A service that no other case has. */
const newService = (): string => `faulty-${randomUUID()}`;

function transportOf(service: string, options: Partial<RabbitOptions> = {}): RabbitTransport {
  const transport = new RabbitTransport(service, rabbitSettingsOf({ urls: broker.url, ...options }));
  opened.push(transport);
  return transport;
}

/** A service that lists what comes. */
async function listening(service = newService(), handle: MessageHandler = () => Promise.resolve()) {
  const transport = transportOf(service);
  const came: string[] = [];
  await transport.consume(`${service}.workflow`, async (message) => {
    came.push(message.messageId);
    await handle(message);
  });
  const send = (messageId: string, delay = 0): Promise<void> =>
    transport.publish({ destination: `${service}.workflow`, body: '{}', messageId, delay });
  return { service, transport, came, send };
}

/** Sends until it is accepted, as the library does. */
async function insist(send: () => Promise<void>): Promise<void> {
  for (;;) {
    try {
      await send();
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

const ids = (from: number, to: number): string[] => Array.from({ length: to - from }, (_, i) => String(from + i));

describe('a broker', () => {
  it('that is killed and comes back has what it confirmed, and gets what it did not', async () => {
    const { came, send } = await listening();
    for (const id of ids(0, 20)) await send(id);
    await send('delayed', 4_000);
    const sending = Promise.all(ids(20, 220).map((id) => insist(() => send(id))));
    await broker.stop('SIGKILL');
    await broker.restart();
    await sending;
    await until(() => [...ids(0, 220), 'delayed'].every((id) => came.includes(id)), { timeoutMs: 60_000 });
    expect(log.join('\n')).toMatch(/the connection to amqp:\/\/127.0.0.1:\d+ is lost/);
    expect(log.join('\n')).toMatch(/connected to amqp:\/\/127.0.0.1:\d+ again/);
    expect(log.join('\n')).not.toContain('guest:');
  });

  it('that is not there yet is waited for, and the log says so', async () => {
    await broker.stop();
    const coming = listening();
    await until(() => log.some((line) => line.includes('waiting for amqp://127.0.0.1')), { timeoutMs: 20_000 });
    const sending = transportOf(newService()).publish({ destination: 'x.workflow', body: '{}', messageId: 'x' });
    await expect(sending).rejects.toMatchObject({ code: 'BROKER_UNAVAILABLE' });
    await broker.restart();
    const { came, send } = await coming;
    await send('1');
    await until(() => came.length === 1);
  });
});

describe('what breaks while it runs is made again', () => {
  beforeAll(async () => {
    admin = await connect(broker.url);
  });
  afterAll(() => admin.close());

  it('a queue that somebody deleted', async () => {
    const { service, came, send } = await listening();
    const channel = await admin.createChannel();
    await channel.deleteQueue(`${service}.workflow`);
    await channel.close();
    await insist(() => send('after'));
    await until(() => came.includes('after'), { timeoutMs: 20_000 });
    expect(log.join('\n')).toContain('cancelled by the broker');
  });

  it('a channel that the broker closed', async () => {
    const { service, came, send } = await listening();
    const reached = transportOf(service);
    // An acknowledgement that the broker does not know closes its channel.
    await reached.consume(`${service}.workflow`, () => Promise.resolve());
    const [consumer] = (reached as unknown as { consumers: { channel: { ack: (message: object) => void } }[] })
      .consumers;
    consumer?.channel.ack({ fields: { deliveryTag: 99 } });
    await until(() => log.some((line) => line.includes('not consumed any more')), { timeoutMs: 20_000 });
    const before = came.length;
    for (const id of ids(0, 40)) await insist(() => send(id));
    await until(() => came.length > before, { timeoutMs: 20_000 });
  });
});

describe('a broker in trouble', () => {
  it('that stands still holds up no service that closes', async () => {
    const service = newService();
    const transport = transportOf(service, { heartbeat: '10m' }); // nothing else ends the waiting for an answer
    await transport.consume(`${service}.workflow`, () => Promise.resolve());
    process.kill(broker.pid, 'SIGSTOP');
    try {
      await transport.stop(500);
      await transport.close();
    } finally {
      process.kill(broker.pid, 'SIGCONT');
    }
  });

  it('that is short of memory is sent nothing, so that nothing is sent twice once it has some', async () => {
    const { came, send } = await listening();
    const enough = (await broker.control('eval', 'vm_memory_monitor:get_vm_memory_high_watermark().')).trim();
    await broker.control('set_vm_memory_high_watermark', '0.000001');
    const ids = ['a', 'b', 'c'];
    const sending = Promise.all(ids.map((id) => insist(() => send(id))));
    await until(() => log.some((line) => line.includes('short of memory')), { timeoutMs: 20_000 });
    const refused = send('refused');
    await expect(refused).rejects.toMatchObject({ code: 'BROKER_UNAVAILABLE' });
    await broker.control('set_vm_memory_high_watermark', enough);
    await sending;
    await insist(() => send('last'));
    await until(() => came.includes('last'), { timeoutMs: 20_000 });
    expect(came.toSorted()).toEqual(['a', 'b', 'c', 'last']);
  });
});

describe('a message', () => {
  it('whose service is gone when its delay is over is kept, and holds no other back', async () => {
    const [gone, other] = [await listening(), await listening()];
    const id = randomUUID();
    await gone.send(id, 1_000);
    await gone.transport.close();
    const model = await connect(broker.url);
    const channel = await model.createChannel();
    await channel.deleteQueue(`${gone.service}.workflow`);
    await other.send('other', 1_500);
    await until(() => other.came.includes('other'), { timeoutMs: 20_000 });
    const kept = await channel.get('orchestrator.delay.lost', { noAck: true });
    await model.close();
    expect(kept === false ? undefined : kept.properties.messageId).toBe(id);
  });

  it('that failed is not lost silently where nothing is bound to its exchange', async () => {
    const { transport } = await listening();
    const model = await connect(broker.url);
    const channel = await model.createChannel();
    await channel.unbindQueue('workflow.failed', 'workflow.failed', '');
    const sending = transport.publish({ destination: 'workflow.failed', body: '{}', messageId: '1' });
    await expect(sending).rejects.toThrow(/no queue for "workflow.failed".+a binding is missing/);
    await channel.bindQueue('workflow.failed', 'workflow.failed', '');
    await model.close();
  });

  it('with an id that is longer than AMQP allows arrives, and is taken away by it', async () => {
    const { transport, came, send } = await listening();
    const long = 'ä'.repeat(200);
    await send(long);
    await until(() => came.length === 1);
    await transport.publish({ destination: 'workflow.failed', body: '{}', messageId: long });
    const [kept] = await transport.browse('workflow.failed');
    expect(kept?.messageId).toBe(came[0]);
    await transport.remove('workflow.failed', long);
    expect(await transport.browse('workflow.failed')).toEqual([]);
  });
});

describe('what is kept', () => {
  it('is seen whole by everybody who looks, and by who takes something away', async () => {
    const { transport } = await listening();
    const [other] = [transportOf(newService())];
    await other.open();
    const ids = Array.from({ length: 40 }, (_, at) => `failed-${at}`);
    for (const messageId of ids) await transport.publish({ destination: 'workflow.failed', body: '{}', messageId });
    const lookers = [transport, other, transport, other];
    const seen = await Promise.all(lookers.map((looker) => looker.browse('workflow.failed')));
    for (const kept of seen) expect(kept.map(({ messageId }) => messageId)).toEqual(ids);
    await Promise.all(ids.map((id, at) => (at % 2 === 0 ? transport : other).remove('workflow.failed', id)));
    expect(await other.browse('workflow.failed')).toEqual([]);
  });

  it('is seen by a user who may declare nothing', async () => {
    await transportOf(newService()).open();
    await broker.control('add_user', 'looker', 'secret');
    await broker.control('set_permissions', 'looker', '^$', '.*', '.*');
    const urls = broker.url.replace('guest:guest', 'looker:secret');
    const transport = transportOf(newService(), { urls, declare: 'none' });
    expect(await transport.browse('workflow.failed')).toEqual([]);
  });

  it('is seen once whoever has looked for so long is gone', async () => {
    const { transport } = await listening();
    const gone = await connect(broker.url);
    await (await gone.createChannel()).assertQueue('workflow.failed.looking', { exclusive: true });
    let isSeen = false;
    const seeing = transport.browse('workflow.failed').then(() => (isSeen = true));
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(isSeen).toBe(false);
    await gone.close();
    await seeing;
  });
});

describe('a service does not start', () => {
  it('with credentials that the broker refuses', async () => {
    const refused = transportOf(newService(), { urls: broker.url.replace('guest:guest', 'guest:wrong') }).open();
    await expect(refused).rejects.toMatchObject({ code: 'BROKER_REFUSED' });
    await expect(refused).rejects.toThrow(/amqp:\/\/127.0.0.1:\d+ refuses the credentials.+Correct user and password/s);
    await expect(refused).rejects.not.toThrow(/wrong/);
  });

  it('while its virtual host is not there: it waits, says so, and starts once it is', async () => {
    const opening = transportOf(newService(), { urls: `${broker.url}/later` }).open();
    const said = '/later, which cannot be used now (the virtual host is not there';
    await until(() => log.some((line) => line.includes(said)), { timeoutMs: 20_000 });
    await broker.control('add_vhost', 'later');
    await broker.control('set_permissions', '-p', 'later', 'guest', '.*', '.*', '.*');
    await opening;
  });

  it('with a queue that is there otherwise: the error names it, and the argument', async () => {
    const service = newService();
    const model = await connect(broker.url);
    const channel = await model.createChannel();
    await channel.assertQueue(`${service}.workflow`, { durable: true });
    await model.close();
    const refused = transportOf(service).open();
    await expect(refused).rejects.toMatchObject({ code: 'BROKER_REFUSED' });
    await expect(refused).rejects.toThrow(
      new RegExp(`queue "${service}.workflow".+x-[a-z-]+.+Delete it once it is empty`, 's'),
    );
  });

  it('with queues that are missing and that it may not declare', async () => {
    const service = newService();
    await transportOf(newService()).open();
    const refused = transportOf(service, { declare: 'check' }).open();
    await expect(refused).rejects.toThrow(new RegExp(`queue "${service}.workflow".+It is missing. Declare it`, 's'));
  });
});

it('a queue that is missing, and that nobody declares, is told at once', async () => {
  const service = newService();
  await transportOf(newService()).open();
  const consuming = transportOf(service, { declare: 'none' }).consume(`${service}.workflow`, () => Promise.resolve());
  await expect(consuming).rejects.toThrow(new RegExp(`a consumer of queue "${service}.workflow".+It is missing.`, 's'));
});

it('what rabbitTopology lists is all that a service needs that declares nothing', async () => {
  const service = newService();
  const model = await connect(broker.url);
  const channel = await model.createChannel();
  const { exchanges, queues, bindings } = rabbitTopology([service]);
  for (const { name, type, arguments: args } of exchanges)
    await channel.assertExchange(name, type, { arguments: args });
  for (const { name, arguments: args } of queues) await channel.assertQueue(name, { arguments: args });
  for (const { source, destination, to, key } of bindings) {
    await (to === 'queue'
      ? channel.bindQueue(destination, source, key)
      : channel.bindExchange(destination, source, key));
  }
  await model.close();
  const transport = transportOf(service, { declare: 'none' });
  const came: string[] = [];
  await transport.consume(`${service}.workflow`, ({ messageId }) => Promise.resolve(void came.push(messageId)));
  await transport.publish({ destination: `${service}.workflow`, body: '{}', messageId: '1' });
  await transport.publish({ destination: `${service}.workflow`, body: '{}', messageId: '2', delay: 250 });
  await until(() => came.length === 2);
});

it('a delayed message to a service that is not there is refused, as any other', async () => {
  const { transport } = await listening();
  const sending = transport.publish({ destination: 'nobody.workflow', body: '{}', messageId: '1', delay: 1_000 });
  await expect(sending).rejects.toMatchObject({ code: 'UNROUTABLE' });
});
