import { type RabbitOptions, rabbitSettingsOf } from './rabbitmq.options.js';
import { ConfigurationError } from '../../errors/configuration.error.js';
import { describe } from '../../utils/describe.js';
import { SHORT_NAME } from '../../utils/short-name.js';
import { RabbitTransport } from './rabbitmq.transport.js';
import { serviceTopology, sharedTopology } from './queues.js';
import type { Topology } from './topology.js';
import type { TransportDefinition } from '../workflow.transport.js';

/**
 * Workflow messages over RabbitMQ 3.10 or newer. What it declares, promises and needs: `docs/operations.md`. Inert until the module
 * creates its transport, and connects when the application comes up: it waits for a broker that is not there yet, and refuses to
 * start with one that refuses it.
 *
 * @throws ConfigurationError naming every option that is wrong
 * @example
 * OrchestratorModule.forRoot({ service: 'orders', transport: rabbitmq({ urls: 'amqp://localhost' }), state: redisState({ url }) })
 */
export function rabbitmq(options: RabbitOptions): TransportDefinition {
  const settings = rabbitSettingsOf(options);
  return { kind: 'rabbitmq', create: (service) => new RabbitTransport(service, settings) };
}

/**
 * Every exchange, queue and binding that these services need, in the order in which they can be declared: for operators who
 * declare them, and `declare: 'check'` or `'none'`.
 * @throws ConfigurationError for what is no list of names
 *
 * @example
 * console.log(JSON.stringify(rabbitTopology(['orders', 'stock']), null, 2));
 */
export function rabbitTopology(
  services: readonly string[],
  { keepCompleted = false }: Pick<RabbitOptions, 'keepCompleted'> = {},
): Topology {
  const wrong: unknown = Array.isArray(services) ? services.find((name) => !isServiceName(name)) : services;
  if (wrong !== undefined) throw new ConfigurationError(`rabbitTopology: it takes a list of names of services, such as ['orders'] (got ${describe(wrong)}).`); // prettier-ignore
  const parts = [sharedTopology({ keepCompleted }), ...services.map(serviceTopology)];
  return {
    exchanges: parts.flatMap(({ exchanges }) => exchanges),
    queues: parts.flatMap(({ queues }) => queues),
    bindings: parts.flatMap(({ bindings }) => bindings),
  };
}

const isServiceName = (name: unknown): boolean => typeof name === 'string' && new RegExp(SHORT_NAME).test(name);
