import { setTimeout } from 'node:timers/promises';
import { Logger, type Type } from '@nestjs/common';
import type { OperationContext } from '../../libs/orchestrator/src/operations/operation.js';
import type { OrchestratorModuleOptions } from '../../libs/orchestrator/src/orchestrator.options.js';
import { rabbitmq } from '../../libs/orchestrator/src/rabbitmq.js';
import { redisState } from '../../libs/orchestrator/src/redis.js';
import { serviceOf, type TestOperation } from '../../libs/orchestrator/src/testing/service-of.js';
import type {
  TransportDefinition,
  WorkflowTransport,
} from '../../libs/orchestrator/src/transports/workflow.transport.js';
import { leaveEffect } from './effects.js';
import { OPERATIONS, type Service } from './runs.js';
import type { Setting } from './settings.js';

/** Milliseconds that a handler takes, at most. */
const TAKES = 8;
/** Those that take their time. */
const LONG = 200;

const logger = new Logger('Chaos');

/** A service as one process runs it. */
export function chaosService(service: Service, setting: Setting): Type {
  const { reads, mutates } = OPERATIONS[service];
  const named = (names: readonly string[], make: (name: string) => TestOperation): Record<string, TestOperation> =>
    Object.fromEntries(names.map((name) => [name, make(name)]));
  return serviceOf(
    service,
    {
      reads: named(
        reads,
        (name) => (input: { readonly bytes?: number }) =>
          name === 'swell' ? 'x'.repeat(input.bytes ?? 0) : { weather: Math.random() < 0.5 ? 'rain' : 'sun' },
      ),
      mutates: named(mutates, (name) => (_: never, context: OperationContext) => act(name, context, setting)),
    },
    optionsOf(setting),
  );
}

/** What is told to the module, in the services and where runs are started. */
export function optionsOf(setting: Setting): OrchestratorModuleOptions {
  return {
    transport: transportOf(setting),
    state: setting.redis === undefined ? false : redisState({ url: setting.redis }),
    cache: false,
    namespace: setting.namespace,
    timeout: '2s', // a lease is twice that: so long a message waits whose process was killed
    shutdownGrace: '5s',
    retry: { maxAttempts: 20, baseDelay: '200ms' },
  };
}

async function act(operation: string, context: OperationContext, { effects, slow = false }: Setting): Promise<object> {
  if (operation === 'spoil') process.kill(process.pid, 'SIGKILL');
  const takes = slow ? LONG : TAKES;
  await setTimeout(Math.random() * takes);
  leaveEffect(effects, operation, context);
  await setTimeout(Math.random() * takes);
  return { done: operation };
}

function transportOf({
  amqp,
  prefetch,
  doubled = false,
  unwaiting = false,
  early = false,
}: Setting): TransportDefinition {
  const definition = rabbitmq({ urls: amqp, ...(prefetch !== undefined && { prefetch }) });
  const create = (service: string): WorkflowTransport => {
    const transport = definition.create(service);
    const publish = transport.publish.bind(transport);
    transport.publish = (message) =>
      publish(message).catch((error: unknown) => {
        logger.warn(`${message.destination}: ${String(error)}`); // what the broker refused shows that a fault happened
        throw error;
      });
    if (doubled) {
      transport.publish = async (message) => {
        await publish(message);
        if ((message.delay ?? 0) === 0) await publish(message); // not what is put back because of that
      };
    }
    if (unwaiting) {
      transport.publish = (message) =>
        message.body.includes('"waiting_since":') ? Promise.resolve() : publish(message);
    }
    if (early) {
      const consume = transport.consume.bind(transport);
      transport.consume = (destination, handler) =>
        consume(destination, (message) => {
          handler(message).catch(() => undefined);
          return Promise.resolve();
        });
    }
    return transport;
  };
  return { kind: 'chaos', create };
}
