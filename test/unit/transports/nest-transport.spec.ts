import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from '@jest/globals';
import { ConsoleLogger, type INestApplicationContext } from '@nestjs/common';
import { Transport } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import {
  nestTransport,
  type NestTransportOptions,
  OrchestratorModule,
  type OrchestratorModuleOptions,
  WorkflowTransport,
} from 'nest-orchestrator';
import { wireOf } from '../../../libs/orchestrator/src/transports/nest/nest.options.js';
import { NestTransport } from '../../../libs/orchestrator/src/transports/nest/nest.transport.js';
import { MemoryBroker } from '../../../libs/orchestrator/src/transports/memory/memory.broker.js';
import { MemoryTransport } from '../../../libs/orchestrator/src/transports/memory/memory.transport.js';
import { rabbitSettingsOf } from '../../../libs/orchestrator/src/transports/rabbitmq/rabbitmq.options.js';
import { RabbitTransport } from '../../../libs/orchestrator/src/transports/rabbitmq/rabbitmq.transport.js';
import { SystemClock } from '../../../libs/orchestrator/src/utils/clock.js';
import { section, tableRows } from '../../support/markdown.js';

const rmq: NestTransportOptions = { transport: Transport.RMQ, options: { urls: ['amqp://localhost'], noAck: false } };
const nats: NestTransportOptions = { transport: Transport.NATS, options: { queue: 'orders' } };
const redis: NestTransportOptions = { transport: Transport.REDIS };
const tcp: NestTransportOptions = { transport: Transport.TCP, options: { port: 4001 } };

describe('nestTransport', () => {
  const withOptions = (options: object): object => ({ transport: Transport.RMQ, options });
  it.each<[string, unknown, string]>([
    ['RabbitMQ that forgets what it delivers', withOptions({ noAck: true }), 'options.noAck must be false (got true'],
    [
      "RabbitMQ with Nest's default, which does",
      withOptions({}),
      "options.noAck must be false (got nothing, and Nest's default is true)",
    ],
    ['RabbitMQ without options', { transport: Transport.RMQ }, 'options.noAck must be false'],
    [
      'RabbitMQ whose messages end with the broker',
      withOptions({ noAck: false, persistent: false }),
      'options.persistent',
    ],
    [
      'RabbitMQ whose queue does',
      withOptions({ noAck: false, queueOptions: { durable: false } }),
      'options.queueOptions.durable must not be false',
    ],
    [
      'RabbitMQ whose queue ends with its process',
      withOptions({ noAck: false, queueOptions: { autoDelete: true } }),
      'options.queueOptions.autoDelete must not be true',
    ],
    [
      'RabbitMQ with a queue that is not of its service',
      withOptions({ noAck: false, queue: 'jobs' }),
      'options.queue is made from the name of the service (got "jobs")',
    ],
    [
      'NATS that gives a message to every process',
      { transport: Transport.NATS, options: {} },
      'options.queue must name a queue group (got nothing)',
    ],
    [
      'NATS with a queue group without a name',
      { transport: Transport.NATS, options: { queue: '' } },
      'options.queue must name a queue group (got "")',
    ],
    ['TCP without a port', { transport: Transport.TCP, options: {} }, 'options.port must be a number (got nothing)'],
    [
      'TCP with an address that is none',
      { ...tcp, services: { stock: { host: 'stock' } } },
      'services.stock must be { host, port }',
    ],
    [
      'a serializer of the application',
      { transport: Transport.REDIS, options: { serializer: {} } },
      'options.serializer cannot be one of your own',
    ],
    [
      'a transport that it does not know',
      { transport: Transport.KAFKA, options: {} },
      'transport must be Transport.RMQ, NATS, REDIS or TCP (got ',
    ],
    ['nothing', undefined, 'it takes a transport and its options (got nothing)'],
  ])('refuses %s', (_, options, problem) => {
    expect(() => nestTransport(options as NestTransportOptions)).toThrow(
      expect.objectContaining({ code: 'CONFIGURATION_INVALID', message: expect.stringContaining(problem) }),
    );
  });
});

describe('a service over a transport of Nest', () => {
  const log: string[] = [];
  let app: INestApplicationContext | undefined;
  afterEach(async () => {
    log.length = 0;
    await app?.close();
  });

  class ListLogger extends ConsoleLogger {
    protected override printMessages(messages: unknown[]): void {
      log.push(...messages.map(String));
    }
  }

  /** Makes the providers; nothing is connected before the application is initialised. */
  async function make(options: NestTransportOptions, more: OrchestratorModuleOptions = {}): Promise<void> {
    const imports = [OrchestratorModule.forRoot({ service: 'orders', transport: nestTransport(options), ...more })];
    const module = Test.createTestingModule({ imports }).setLogger(new ListLogger());
    app = await module.compile();
    app.get(WorkflowTransport, { strict: false });
  }

  const apart = { state: false, cache: false } as const;

  it.each<[string, NestTransportOptions, OrchestratorModuleOptions, string]>([
    ['run records in memory, which the others do not see', nats, { cache: false }, 'run records must too'],
    ['a cache that others do not purge', nats, { state: false }, 'would purge nothing here'],
    [
      'deliver where every process would',
      redis,
      { ...apart, deliver: () => undefined },
      'each would deliver every run',
    ],
    [
      'deliver where every process would, too',
      tcp,
      { ...apart, deliver: () => undefined },
      'each would deliver every run',
    ],
  ])('refuses %s', async (_, options, more, problem) => {
    await expect(make(options, more)).rejects.toThrow(problem);
  });

  it.each<[string, NestTransportOptions, string]>([
    [
      'RMQ',
      rmq,
      'nothing accepted is lost, but without run records a crash may repeat the steps since the last message; of several processes of a service one gets a message.',
    ],
    [
      'NATS',
      nats,
      'a message comes at most once, and is gone with the process that has it; what waits ends with its process; of several processes of a service one gets a message.',
    ],
    [
      'REDIS',
      redis,
      'a message comes at most once, and is gone with the process that has it; what waits ends with its process; a service may have one process.',
    ],
  ])('says in one line of the log what is promised over %s', async (name, options, promises) => {
    await make(options, apart);
    expect(log.filter((line) => line.includes('Service "orders" over'))).toEqual([
      `Service "orders" over Transport.${name}: ${promises}`,
    ]);
  });
});

describe('docs/guarantees.md', () => {
  const over = (options: NestTransportOptions): WorkflowTransport => new NestTransport('any', wireOf(options)('any'));
  const transports: Readonly<Record<string, WorkflowTransport>> = {
    'in memory': new MemoryTransport(new MemoryBroker(new SystemClock()), 'any'),
    'RabbitMQ, `rabbitmq()`': new RabbitTransport('any', rabbitSettingsOf({ urls: 'amqp://localhost' })),
    'RabbitMQ, `Transport.RMQ`': over(rmq),
    'NATS, `Transport.NATS`': over(nats),
    'Redis pub/sub, `Transport.REDIS`': over(redis),
    'TCP, `Transport.TCP`': over(tcp),
  };
  const declared = Object.entries(transports).map(([name, { capabilities, shared }]) => {
    const { durable, delay, competing, redelivery } = capabilities;
    return [name, ...[durable, delay, competing, redelivery, shared].map((has) => (has ? 'yes' : 'no'))];
  });

  it('says of every transport what it declares', () => {
    const rows = tableRows(section(readFileSync('docs/guarantees.md', 'utf8'), 'Transports'), 'transport');
    expect(rows.map((cells) => cells.slice(0, 6))).toEqual(declared);
  });
});
