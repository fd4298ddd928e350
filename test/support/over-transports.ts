import { randomUUID } from 'node:crypto';
import type { INestApplicationContext, Type } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { nestTransport, type OrchestratorModuleOptions, type WorkflowOrchestrator } from 'nest-orchestrator';
import { serviceOf, type TestOperations } from 'nest-orchestrator/testing';
import { getOrchestratorToken } from '../../libs/orchestrator/src/decorators/inject-orchestrator.decorator.js';
import { redisState } from '../../libs/orchestrator/src/state/redis/redis-state.js';
import { rabbitmq } from '../../libs/orchestrator/src/transports/rabbitmq/rabbitmq.js';
import { addressesOf, nestOptionsOf, type NestTransportName, ownExchange } from './nest-transports.js';

/** How services are connected: one row of the table that every scenario runs over. */
export interface Way {
  readonly name: string;
  /** Every service is an application of its own; else all are in one. */
  readonly apart: boolean;
  /** Run records are kept, so that a run can be cancelled. */
  readonly records: boolean;
  /** Messages of `workflow.failed` are kept, so that failed runs can be listed. */
  readonly keepsFailed: boolean;
  /** The options of each of these services. */
  readonly connect: (services: readonly string[]) => Promise<(service: string) => OrchestratorModuleOptions>;
}

/** Where no record is shared. */
const unrecorded: OrchestratorModuleOptions = { state: false, cache: { processLocal: true } };

const overNest = (name: NestTransportName, keepsFailed: boolean): Way => ({
  name,
  apart: true,
  records: false,
  keepsFailed,
  connect: async (services) => {
    const [exchange, addresses] = [ownExchange(), await addressesOf(services)];
    return (service) => ({
      ...unrecorded,
      transport: nestTransport(nestOptionsOf(name, service, { exchange, addresses })),
    });
  },
});

const overRabbit: Way = {
  name: 'rabbitmq()',
  apart: true,
  records: false,
  keepsFailed: true,
  connect: () =>
    Promise.resolve(() => ({ ...unrecorded, transport: rabbitmq({ urls: process.env['AMQP_URL'] ?? '' }) })),
};

/** The same way, with run records that its services share. */
const recorded = (way: Way): Way => ({
  ...way,
  name: `${way.name} and redisState()`,
  records: true,
  connect: async (services) => {
    const optionsOf = await way.connect(services);
    return (service) => ({ ...optionsOf(service), state: redisState({ url: process.env['REDIS_URL'] ?? '' }) });
  },
});

const BETWEEN_PROCESSES: readonly Way[] = [
  overRabbit,
  overNest('Transport.RMQ', true),
  overNest('Transport.NATS', false),
  overNest('Transport.REDIS', false),
  overNest('Transport.TCP', false),
];

export const WAYS: readonly Way[] = [
  { name: 'memory', apart: false, records: true, keepsFailed: true, connect: () => Promise.resolve(() => ({})) },
  ...BETWEEN_PROCESSES,
  ...BETWEEN_PROCESSES.map(recorded),
];

/** Services at work. */
export interface ConnectedServices {
  /** The name that a service has here: nobody else on the servers has it. */
  readonly nameOf: (service: string) => string;
  readonly orchestrator: (service: string) => WorkflowOrchestrator;
  readonly close: () => Promise<void>;
}

/** Boots services by a way, on real time. */
export async function bootOver(
  way: Way,
  operations: Readonly<Record<string, TestOperations>>,
  more: OrchestratorModuleOptions = {},
): Promise<ConnectedServices> {
  const id = randomUUID().slice(0, 8);
  const nameOf = (service: string): string => `${service}-${id}`;
  const optionsOf = await way.connect(Object.keys(operations).map(nameOf));
  const modules = Object.entries(operations).map(([service, each]) =>
    serviceOf(nameOf(service), each, { ...optionsOf(nameOf(service)), ...more }),
  );
  const apps = new Map<string, INestApplicationContext>();
  const start = async (imports: Type[]): Promise<INestApplicationContext> => {
    const module = await Test.createTestingModule({ imports }).compile();
    module.useLogger(false);
    return module.init();
  };
  const together = way.apart ? undefined : await start(modules);
  for (const [at, service] of Object.keys(operations).entries()) {
    apps.set(service, together ?? (await start(modules.slice(at, at + 1))));
  }
  return {
    nameOf,
    orchestrator: (service) => {
      const app = apps.get(service);
      if (app === undefined) throw new Error(`No service ${service}.`);
      return app.get<WorkflowOrchestrator>(getOrchestratorToken(nameOf(service)), { strict: false });
    },
    close: async () => {
      await Promise.all([...new Set(apps.values())].map((app) => app.close()));
    },
  };
}
