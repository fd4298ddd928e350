import type { RmqOptions } from '@nestjs/microservices';
import { BrokerRefusedError } from '../../errors/broker-refused.error.js';
import { describeError } from '../../utils/describe-error.js';
import { deadOf, FAILED, isReplies, ownerOf, workflowOf } from '../destinations.js';
import type { AmqpConnection } from '../rabbitmq/amqp.js';
import { dyingTo, NO_LIMIT, REPLIES } from '../rabbitmq/queues.js';

/** A queue, and the routing key under which messages of the exchange come into it. */
export interface BoundQueue {
  readonly name: string;
  readonly key: string;
  readonly options: QueueOptions;
}
export type QueueOptions = NonNullable<NonNullable<RmqOptions['options']>['queueOptions']>;

/** Where messages of a destination wait that are held back. */
export const delayedOf = (destination: string): string => `${destination}.delayed`;

/** Deliveries after which the broker itself gives up a message: those count here whose process died. */
const CRASHES = 20;

const kept = (more: Readonly<Record<string, unknown>> = {}): QueueOptions => ({
  durable: true,
  arguments: { 'x-queue-type': 'quorum', 'x-delivery-limit': NO_LIMIT, ...more },
});

/** Where messages of `workflow.failed` are kept to be looked at. Not under its own name: our RabbitMQ transport has that. */
export const failedQueue = (exchange: string): BoundQueue => ({
  name: `${exchange}.${FAILED}`,
  key: FAILED,
  options: kept(),
});

/** What a service has, whether it consumes or not. */
export function queuesOf(service: string, own: QueueOptions = {}): readonly BoundQueue[] {
  const [main, dead] = [workflowOf(service), deadOf(service)];
  const dying = { ...dyingTo(dead), 'x-delivery-limit': CRASHES };
  const ownArguments = (own.arguments ?? {}) as Readonly<Record<string, unknown>>;
  return [
    { name: dead, key: dead, options: kept() },
    { name: delayedOf(main), key: delayedOf(main), options: kept() },
    { name: main, key: main, options: { ...own, ...kept({ ...dying, ...ownArguments }) } },
  ];
}

/** The queue that a service reads a destination from. */
export function queueOf(destination: string, service: string, own?: QueueOptions): BoundQueue {
  const known = queuesOf(service, own).find(({ name }) => name === destination);
  if (known !== undefined) return known;
  if (isReplies(destination)) return { name: destination, key: destination, options: REPLIES };
  const name = ownerOf(destination) === undefined ? `${destination}.${service}` : destination;
  return { name, key: destination, options: kept() };
}

/** Declares what a service has. @throws BrokerRefusedError */
export async function declare(model: AmqpConnection, exchange: string, queues: readonly BoundQueue[]): Promise<void> {
  const channel = await model.createChannel();
  channel.on('error', () => undefined); // what it says, the call that it is about rejects with
  try {
    await channel.assertExchange(exchange, 'topic', { durable: true });
    for (const { name, key, options } of queues) {
      await channel.assertQueue(name, options);
      await channel.bindQueue(name, exchange, key);
    }
  } catch (error) {
    throw new BrokerRefusedError(`RabbitMQ refuses what nestTransport declares: ${describeError(error)}. Delete the queue if it was made otherwise (by rabbitmq(), for one), or give the user the right to configure.`, { cause: error }); // prettier-ignore
  }
  await channel.close();
}

/** Whether a queue is there. */
export async function exists(model: AmqpConnection, queue: string): Promise<boolean> {
  const channel = await model.createChannel();
  channel.on('error', () => undefined); // what it says, the call rejects with
  try {
    await channel.checkQueue(queue);
  } catch (error) {
    if (/\b404\b|NOT[_-]FOUND/.test(String(error))) return false;
    throw error;
  }
  await channel.close();
  return true;
}
