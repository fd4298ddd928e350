import { setTimeout } from 'node:timers/promises';
import { BrokerUnavailableError } from '../../errors/broker-unavailable.error.js';
import type { KeptMessage } from '../workflow.transport.js';
import type { AmqpChannel, AmqpConnection, AmqpMessage } from './amqp.js';
import { closed } from './closing.js';

/** How many are looked at: no more fit comfortably into one process. */
const LOOKED_AT = 1_000;
/** Milliseconds for which whoever looks waits for another one to have looked. */
const PATIENCE = 30_000;
/** Milliseconds until he sees whether that one has. */
const AGAIN = 50;

/** The messages of a queue that nobody consumes, oldest first; looking takes nothing away. */
export async function browse(model: AmqpConnection, queue: string): Promise<readonly KeptMessage[]> {
  const kept: KeptMessage[] = [];
  await look(model, queue, (message) => {
    kept.push({ body: message.content.toString(), messageId: idOf(message) });
    return 'on';
  });
  return kept;
}

/** Takes away every message of that id; none is as good. */
export async function remove(model: AmqpConnection, queue: string, messageId: string): Promise<void> {
  await look(model, queue, (message) => (idOf(message) === messageId ? 'take' : 'on'));
}

/** Shows them one by one, and gives back what is not taken, in its old order. */
const look = (model: AmqpConnection, queue: string, at: (message: AmqpMessage) => 'on' | 'take'): Promise<void> =>
  alone(model, queue, async () => {
    const channel = await model.createChannel();
    channel.on('error', () => undefined); // what it says, the call that it is about rejects with
    try {
      for (let seen = 0; seen < LOOKED_AT; seen += 1) {
        const message = await channel.get(queue);
        if (message === false) break;
        if (at(message) === 'take') channel.ack(message);
      }
      channel.nackAll(true); // before whoever looks next
    } finally {
      await closed(channel);
    }
  });

/** Who looks on a connection, and after whom. */
const turns = new WeakMap<AmqpConnection, Promise<unknown>>();

/** One looks at a time, on whichever connection: what he has in hand nobody else would see. */
function alone(model: AmqpConnection, queue: string, act: () => Promise<void>): Promise<void> {
  const mine = (turns.get(model) ?? Promise.resolve()).then(async () => {
    const unlock = await locked(model, `${queue}.looking`);
    try {
      await act();
    } finally {
      await unlock();
    }
  });
  turns.set(model, mine.catch(() => undefined)); // prettier-ignore
  return mine;
}

/**
 * Takes a lock that all processes share: an exclusive queue, which the broker deletes with its connection at the latest. A user who
 * may not declare it goes without.
 * @returns gives it back
 * @throws BrokerUnavailableError where another one has it for half a minute
 */
async function locked(model: AmqpConnection, name: string): Promise<() => Promise<void>> {
  for (const until = Date.now() + PATIENCE; ;) {
    const channel = await model.createChannel();
    channel.on('error', () => undefined); // the declaration rejects with it
    try {
      await channel.assertQueue(name, { exclusive: true, durable: false });
      return () => unlocked(channel, name);
    } catch (error) {
      const reason = String(error);
      if (/\b403\b|ACCESS[_-]REFUSED/.test(reason)) return () => Promise.resolve();
      if (!/\b405\b|RESOURCE[_-]LOCKED/.test(reason)) throw error;
      if (Date.now() > until) throw new BrokerUnavailableError(`Another process looks at what RabbitMQ keeps, for ${PATIENCE} ms by now (its lock is the exclusive queue "${name}"). Try again.`); // prettier-ignore
      await setTimeout(AGAIN);
    }
  }
}

async function unlocked(channel: AmqpChannel, name: string): Promise<void> {
  await channel.deleteQueue(name).catch(() => undefined); // its connection is gone, and the queue with it
  await closed(channel);
}

const idOf = ({ properties }: AmqpMessage): string => properties.messageId ?? '';
