import { Transport } from '@nestjs/microservices';
import type { TransportDefinition } from '../workflow.transport.js';
import { type NestTransportOptions, wireOf } from './nest.options.js';
import { NestTransport } from './nest.transport.js';

/**
 * Workflow messages over one of Nest's own transports: RabbitMQ, NATS, Redis pub/sub or TCP. It makes its own client and servers of these
 * options, beside any that the application connects: there is nothing to connect. What each promises: `docs/guarantees.md`.
 *
 * @throws ConfigurationError for options that would lose messages: RabbitMQ without `noAck: false`, NATS without `queue`
 * @example
 * OrchestratorModule.forRoot({
 *   service: 'orders',
 *   transport: nestTransport({ transport: Transport.NATS, options: { servers: 'nats://localhost:4222', queue: 'orders' } }),
 *   state: redisState({ url }),
 * })
 */
export function nestTransport(options: NestTransportOptions): TransportDefinition {
  const make = wireOf(options);
  return {
    kind: `Transport.${Transport[options.transport]}`,
    create: (service) => new NestTransport(service, make(service)),
  };
}
