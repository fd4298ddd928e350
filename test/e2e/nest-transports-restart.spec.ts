import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { Transport } from '@nestjs/microservices';
import type { NestTransportOptions } from 'nest-orchestrator';
import { startNats, startRabbit, startRedis } from '../../scripts/private-servers.mjs';
import { wireOf } from '../../libs/orchestrator/src/transports/nest/nest.options.js';
import { NestTransport } from '../../libs/orchestrator/src/transports/nest/nest.transport.js';
import { until } from '../support/until.js';

/** What becomes of a service whose broker goes, and comes back. */

jest.setTimeout(120_000); // a broker takes its time
Logger.overrideLogger(false); // its clients tell at length of what happens to them

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'restart-'));
});
afterAll(() => {
  rmSync(root, { recursive: true, force: true });
});

type Row = readonly [string, typeof startNats, (url: string) => NestTransportOptions];
const BROKERS: readonly Row[] = [
  ['RabbitMQ', startRabbit, (url) => ({ transport: Transport.RMQ, options: { urls: [url], noAck: false } })],
  ['NATS', startNats, (servers) => ({ transport: Transport.NATS, options: { servers, queue: 'any' } })],
  [
    'Redis',
    startRedis,
    (url) => ({ transport: Transport.REDIS, options: { host: '127.0.0.1', port: Number(new URL(url).port) } }),
  ],
];

describe.each(BROKERS)('%s', (_, start, optionsOf) => {
  it('that is killed and comes back is sent to, and listened to, as before', async () => {
    const broker = await start(root);
    const service = `restart-${randomUUID()}`;
    const transport = new NestTransport(service, wireOf(optionsOf(broker.url))(service));
    try {
      const came: string[] = [];
      await transport.consume(`${service}.workflow`, ({ body }) => Promise.resolve(void came.push(body)));
      const send = (body: string): Promise<void> =>
        transport.publish({ destination: `${service}.workflow`, body, messageId: body });
      await send('before');
      await until(() => came.includes('before'));
      await broker.stop('SIGKILL');
      // NATS may take the first for sent, until its client has seen that the connection is gone.
      const refused = (): Promise<unknown> => send('lost').then(() => false, (error: unknown) => (error as { code?: unknown }).code); // prettier-ignore
      await until(async () => (await refused()) === 'BROKER_UNAVAILABLE', { timeoutMs: 30_000, what: 'it is told' });
      await broker.restart();
      const accepted = (): Promise<boolean> => send('after').then(() => true).catch(() => false); // prettier-ignore
      await until(accepted, { timeoutMs: 60_000, what: 'the message is accepted' });
      await until(() => came.includes('after'), { timeoutMs: 60_000 });
    } finally {
      await transport.close();
      await broker.stop();
    }
  });
});
