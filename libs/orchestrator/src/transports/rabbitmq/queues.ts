import { COMPLETED, deadOf, DELIVERY_REQUESTED, FAILED, workflowOf } from '../destinations.js';
import { arrivalOf, delayLadder } from './delay-ladder.js';
import type { Binding, Queue, Topology } from './topology.js';

/** Where messages of a service go that were delivered again and again: handled one at a time, they hurt no other. */
export const soloOf = (service: string): string => `${workflowOf(service)}.solo`;
/** Hand-overs that no service has subscribed to. */
const UNCLAIMED = `${DELIVERY_REQUESTED}.unclaimed`;

/** Deliveries after which the broker itself gives up a message of a main queue: far more than ours, which move it before. */
const EMERGENCY_LIMIT = 50;
/** Deliveries in the suspect lane that may fail before a message is dead. */
const SOLO_LIMIT = 5;
/** A message that nobody has dealt with is never dropped. RabbitMQ 4 gives up after 20 deliveries unless told otherwise. */
export const NO_LIMIT = 1_000_000;
const SEVEN_DAYS = 7 * 24 * 60 * 60 * 1_000;
/** Options of a queue of replies: it outlives the process that reads it by ten minutes. */
export const REPLIES = { durable: false, autoDelete: true, expires: 10 * 60 * 1_000 };

const QUORUM = { 'x-queue-type': 'quorum' };
/** What a queue gives up is lost in no case: it is kept until the other queue has confirmed it. */
export const dyingTo = (queue: string): Queue['arguments'] => ({
  ...QUORUM,
  'x-dead-letter-exchange': '',
  'x-dead-letter-routing-key': queue,
  'x-dead-letter-strategy': 'at-least-once',
  'x-overflow': 'reject-publish',
});

/** What all services of a virtual host share. */
export function sharedTopology({ keepCompleted }: { readonly keepCompleted: boolean }): Topology {
  const ladder = delayLadder();
  const completed: readonly Queue[] = keepCompleted
    ? [{ name: COMPLETED, arguments: { ...QUORUM, 'x-message-ttl': SEVEN_DAYS, 'x-delivery-limit': NO_LIMIT } }]
    : [];
  const kept = [FAILED, DELIVERY_REQUESTED].map((name) => ({
    name,
    arguments: { ...QUORUM, 'x-delivery-limit': NO_LIMIT },
  }));
  return {
    exchanges: [
      ...ladder.exchanges,
      { name: FAILED, type: 'fanout', arguments: {} },
      { name: COMPLETED, type: 'fanout', arguments: {} },
      { name: UNCLAIMED, type: 'fanout', arguments: {} },
      { name: DELIVERY_REQUESTED, type: 'fanout', arguments: { 'alternate-exchange': UNCLAIMED } },
    ],
    queues: [...ladder.queues, ...kept, ...completed],
    bindings: [
      ...ladder.bindings,
      { source: FAILED, destination: FAILED, to: 'queue', key: '' },
      { source: UNCLAIMED, destination: DELIVERY_REQUESTED, to: 'queue', key: '' },
      ...completed.map(({ name }): Binding => ({ source: name, destination: name, to: 'queue', key: '' })),
    ],
  };
}

/** What one service has for itself. */
export function serviceTopology(service: string): Topology {
  const [main, solo, dead] = [workflowOf(service), soloOf(service), deadOf(service)];
  return {
    exchanges: [],
    queues: [
      { name: main, arguments: { ...dyingTo(dead), 'x-delivery-limit': EMERGENCY_LIMIT } },
      { name: solo, arguments: { ...dyingTo(dead), 'x-delivery-limit': SOLO_LIMIT } },
      { name: dead, arguments: { ...QUORUM, 'x-delivery-limit': NO_LIMIT } },
    ],
    bindings: [arrivalOf(main)],
  };
}

/** What lets a service have every message of a topic, also while none of its processes is there. */
export function subscriptionTopology(topic: string, service: string): Topology & { readonly queue: string } {
  const queue = `${topic}.${service}`;
  return {
    queue,
    exchanges: [],
    queues: [{ name: queue, arguments: { ...QUORUM, 'x-delivery-limit': NO_LIMIT } }],
    bindings: [{ source: topic, destination: queue, to: 'queue', key: '' }],
  };
}
