import type { AmqpConnection, AmqpMessage } from './amqp.js';
import type { KeptMessage } from '../workflow.transport.js';
import { closed } from './closing.js';

/** How many are looked at: no more fit comfortably into one process. */
const LOOKED_AT = 1_000;

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
async function look(model: AmqpConnection, queue: string, at: (message: AmqpMessage) => 'on' | 'take'): Promise<void> {
  const channel = await model.createChannel();
  channel.on('error', () => undefined); // what it says, the call that it is about rejects with
  try {
    for (let seen = 0; seen < LOOKED_AT; seen += 1) {
      const message = await channel.get(queue);
      if (message === false) return;
      if (at(message) === 'take') channel.ack(message);
    }
  } finally {
    await closed(channel);
  }
}

const idOf = ({ properties }: AmqpMessage): string => properties.messageId ?? '';
