import {
  type NatsOptions,
  type RedisOptions,
  type RmqOptions,
  type TcpOptions,
  Transport,
} from '@nestjs/microservices';
import { ConfigurationError } from '../../errors/configuration.error.js';
import { checkOptions } from '../../utils/check-options.js';
import { describe } from '../../utils/describe.js';
import { isRecord } from '../../utils/is-record.js';
import { NatsWire } from './nats.wire.js';
import { RedisWire } from './redis.wire.js';
import { RmqWire } from './rmq.wire.js';
import { type TcpAddress, TcpWire } from './tcp.wire.js';
import type { Wire } from './wire.js';

/** What {@link nestTransport} takes: a transport of Nest's and its options, as `connectMicroservice` has them. */
export type NestTransportOptions = NestRmqOptions | NestNatsOptions | NestRedisOptions | NestTcpOptions;

/** RabbitMQ, with `noAck: false`. Queues, exchange and keys are made from the names of the services. */
export interface NestRmqOptions {
  readonly transport: Transport.RMQ;
  readonly options: NonNullable<RmqOptions['options']>;
}

/** NATS, with the `queue` group that the processes of the service share. */
export interface NestNatsOptions {
  readonly transport: Transport.NATS;
  readonly options: NonNullable<NatsOptions['options']>;
}

/** Redis pub/sub, for development: a service has one process. */
export interface NestRedisOptions {
  readonly transport: Transport.REDIS;
  readonly options?: NonNullable<RedisOptions['options']>;
}

/** TCP, for development: a service has one process. */
export interface NestTcpOptions {
  readonly transport: Transport.TCP;
  /** Where this service listens: its `port` is required. */
  readonly options: NonNullable<TcpOptions['options']>;
  /** Where the other services listen, by name: there is no broker that knows. */
  readonly services?: Readonly<Record<string, TcpAddress>>;
}

type Refuse = (problem: string, fix: string) => never;

const refuse: Refuse = (problem, fix) => {
  throw new ConfigurationError(`nestTransport: ${problem}. ${fix}`);
};

/** What is made from the names of the services, or must be as it is. */
const MADE = ['queue', 'routingKey', 'exchangeType', 'exchangeArguments', 'wildcards', 'consumerTag', 'replyQueue', 'isGlobalPrefetchCount']; // prettier-ignore

/**
 * @returns how to make the wire of a service
 * @throws ConfigurationError for options that would lose messages, or that nothing reads
 */
export function wireOf(given: NestTransportOptions): (service: string) => Wire {
  if (!isRecord(given)) refuse(`it takes a transport and its options (got ${describe(given)})`, 'Give { transport: Transport.NATS, options: { servers, queue } }, for one.'); // prettier-ignore
  checkOptions('nestTransport', given, { transport: 'anything', options: 'an object', services: 'an object' });
  const own = ['serializer', 'deserializer'].find((name) => (given.options as Record<string, unknown> | undefined)?.[name] !== undefined); // prettier-ignore
  if (own !== undefined) refuse(`options.${own} cannot be one of your own`, 'Leave it out: processes of other versions must be able to read each other.'); // prettier-ignore
  switch (given.transport) {
    case Transport.RMQ: {
      const options = rmqChecked(given.options);
      return (service) => new RmqWire(service, options);
    }
    case Transport.NATS: {
      const options = natsChecked(given.options);
      return (service) => new NatsWire(service, options);
    }
    case Transport.REDIS: {
      const { options = {} } = given;
      return () => new RedisWire(options);
    }
    case Transport.TCP: {
      const options = tcpChecked(given);
      const { services = {} } = given;
      return (service) => new TcpWire(service, options, services);
    }
    default: {
      const { transport } = given as { readonly transport: unknown };
      return refuse(`transport must be Transport.RMQ, NATS, REDIS or TCP (got ${describe(transport)})`, 'For another one implement WorkflowTransport.'); // prettier-ignore
    }
  }
}

function rmqChecked(options: NestRmqOptions['options'] | undefined): NestRmqOptions['options'] {
  const { noAck, persistent, queueOptions } = options ?? {};
  if (options === undefined || noAck !== false) {
    refuse(`options.noAck must be false (got ${describe(noAck)}, and Nest's default is true)`, 'With noAck the broker forgets a message before it is handled: what a process has in hand is lost when it dies.'); // prettier-ignore
  }
  if (queueOptions !== undefined && !isRecord(queueOptions)) refuse(`options.queueOptions must be an object (got ${describe(queueOptions)})`, 'Leave it out, or give what amqplib takes.'); // prettier-ignore
  if (persistent === false) refuse('options.persistent must not be false', 'Leave it out: messages are persistent then, and outlive a restart of the broker.'); // prettier-ignore
  const fleeting = ['durable', 'exclusive', 'autoDelete'].find((name) => (queueOptions as Record<string, unknown> | undefined)?.[name] === (name !== 'durable')); // prettier-ignore
  if (fleeting !== undefined) refuse(`options.queueOptions.${fleeting} must not be ${String(fleeting !== 'durable')}`, 'Leave it out: the queue of a service outlives its processes.'); // prettier-ignore
  const made = MADE.find((name) => (options as Record<string, unknown>)[name] !== undefined);
  if (made !== undefined) refuse(`options.${made} is made from the name of the service (got ${describe((options as Record<string, unknown>)[made])})`, 'Leave it out. Queues are <service>.workflow and others beside it; the exchange is options.exchange.'); // prettier-ignore
  return options;
}

function natsChecked(options: NestNatsOptions['options'] | undefined): NestNatsOptions['options'] {
  const queue: unknown = options?.queue;
  if (options !== undefined && typeof queue === 'string' && queue !== '') return options;
  return refuse(`options.queue must name a queue group (got ${describe(queue)})`, "Give one that all processes of the service share, such as its name: queue: 'orders'. Without it each of them executes every message."); // prettier-ignore
}

function tcpChecked({ options, services = {} }: NestTcpOptions): NestTcpOptions['options'] {
  const port: unknown = (options as NestTcpOptions['options'] | undefined)?.port;
  if (typeof port !== 'number') refuse(`options.port must be a number (got ${describe(port)})`, 'Give the port at which this service listens.'); // prettier-ignore
  const wrong = Object.entries(services as Readonly<Record<string, unknown>>).find(
    ([, address]) => !isRecord(address) || typeof address['host'] !== 'string' || typeof address['port'] !== 'number',
  );
  if (wrong !== undefined) refuse(`services.${wrong[0]} must be { host, port } (got ${describe(wrong[1])})`, "Such as services: { stock: { host: 'localhost', port: 4001 } }."); // prettier-ignore
  return options;
}
