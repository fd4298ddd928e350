import { randomUUID } from 'node:crypto';
import { Transport } from '@nestjs/microservices';
import type { NestTransportOptions } from 'nest-orchestrator';
import { freePort } from '../../scripts/private-servers.mjs';

/** The transports of Nest on the servers of the e2e tests. */
export type NestTransportName = 'Transport.RMQ' | 'Transport.NATS' | 'Transport.REDIS' | 'Transport.TCP';

/** Where the services of one test are, for those that must be told. */
export type Addresses = Map<string, { readonly host: string; readonly port: number }>;

/** Gives services addresses of this machine. */
export async function addressesOf(services: readonly string[]): Promise<Addresses> {
  const entries = services.map(async (name) => [name, { host: '127.0.0.1', port: await freePort() }] as const);
  return new Map(await Promise.all(entries));
}

/** An exchange that no other test has: its queue of failed runs is shared by whoever uses it. */
export const ownExchange = (): string => `test.${randomUUID()}`;

/** The options of a service. */
export function nestOptionsOf(
  name: NestTransportName,
  service: string,
  {
    addresses = new Map(),
    prefetch,
    exchange,
  }: { readonly addresses?: Addresses; readonly prefetch?: number; readonly exchange: string },
): NestTransportOptions {
  switch (name) {
    case 'Transport.RMQ': {
      const more = prefetch === undefined ? {} : { prefetchCount: prefetch };
      const urls = [process.env['AMQP_URL'] ?? ''];
      return { transport: Transport.RMQ, options: { urls, noAck: false, exchange, ...more } };
    }
    case 'Transport.NATS':
      return { transport: Transport.NATS, options: { servers: process.env['NATS_URL'] ?? '', queue: service } };
    case 'Transport.REDIS': {
      const { hostname, port } = new URL(process.env['REDIS_URL'] ?? '');
      return { transport: Transport.REDIS, options: { host: hostname, port: Number(port) } };
    }
    case 'Transport.TCP': {
      const { port } = addresses.get(service) ?? { port: 0 };
      return {
        transport: Transport.TCP,
        options: { host: '127.0.0.1', port },
        services: Object.fromEntries(addresses),
      };
    }
  }
}
