import { InvalidArgumentError } from '../../errors/invalid-argument.error.js';
import type { Binding, Exchange, Queue, Topology } from './topology.js';

// The second design of NServiceBus's delay infrastructure for RabbitMQ: level k holds messages for UNIT × 2^k, in a queue whose
// dead letters go to level k - 1. The routing key begins with the binary digits of the delay: a message enters at its highest 1,
// and passes each level below through its queue (1) or straight on (0). So any delay costs no more than one queue per digit, a
// long one holds up no shorter one, and no plugin is needed.

/** Milliseconds: delays are rounded up to a multiple of it. */
const UNIT = 100;
/** Delays below UNIT × 2^LEVELS: 38 days. */
const LEVELS = 25;
/** The longest delay, in milliseconds. */
export const LONGEST_DELAY = UNIT * (2 ** LEVELS - 1);

const levelOf = (k: number): string => `orchestrator.delay.${k}`;
/** Where messages arrive whose delay is over: each service's queue is bound to it. */
const ARRIVED = 'orchestrator.delay.over';
/**
 * Where they go whose service is gone by then, and stay. Else the level that they come from would keep them, and try again and again: a few
 * such messages keep all others of their level back.
 */
const LOST = 'orchestrator.delay.lost';

const below = (k: number): string => (k === 0 ? ARRIVED : levelOf(k - 1));
/** Matches keys whose digit of that level is this one. */
const digitAt = (k: number, digit: 0 | 1): string => `${'*.'.repeat(LEVELS - 1 - k)}${digit}.#`;

/** The exchanges and queues that hold messages back, shared by all services of a virtual host. */
export function delayLadder(): Topology {
  const levels = Array.from({ length: LEVELS }, (_, k) => k);
  return {
    exchanges: [
      { name: LOST, type: 'fanout', arguments: {} },
      ...levels.map((k): Exchange => ({ name: levelOf(k), type: 'topic', arguments: {} })),
      { name: ARRIVED, type: 'topic', arguments: { 'alternate-exchange': LOST } },
    ],
    queues: [
      { name: LOST, arguments: { 'x-queue-type': 'quorum' } },
      ...levels.map((k): Queue => ({
        name: levelOf(k),
        arguments: {
          'x-queue-type': 'quorum',
          'x-message-ttl': UNIT * 2 ** k,
          'x-dead-letter-exchange': below(k),
          'x-dead-letter-strategy': 'at-least-once',
          'x-overflow': 'reject-publish',
        },
      })),
    ],
    bindings: [
      { source: LOST, destination: LOST, to: 'queue', key: '' },
      ...levels.flatMap((k): Binding[] => [
        { source: levelOf(k), destination: levelOf(k), to: 'queue', key: digitAt(k, 1) },
        { source: levelOf(k), destination: below(k), to: 'exchange', key: digitAt(k, 0) },
      ]),
    ],
  };
}

/** What lets a queue have the messages whose delay is over. */
export const arrivalOf = (queue: string): Binding => ({
  source: ARRIVED,
  destination: queue,
  to: 'queue',
  key: `#.${queue}`,
});

/**
 * Where a message enters the ladder, and by which key. It arrives after the delay, never before.
 * @throws InvalidArgumentError for a delay that is longer than the ladder
 */
export function entryOf(delay: number, destination: string): { readonly exchange: string; readonly key: string } {
  const ticks = Math.ceil(delay / UNIT);
  if (ticks >= 2 ** LEVELS) {
    throw new InvalidArgumentError(`A message to "${destination}" cannot be held back for ${delay} ms: on RabbitMQ ${LONGEST_DELAY} ms (38 days) are the most.`); // prettier-ignore
  }
  const digits = ticks.toString(2);
  return {
    exchange: levelOf(digits.length - 1),
    key: `${digits.padStart(LEVELS, '0').split('').join('.')}.${destination}`,
  };
}
