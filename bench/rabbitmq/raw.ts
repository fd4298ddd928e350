import { randomUUID } from 'node:crypto';
import { type ChannelModel, type ConfirmChannel, connect } from 'amqplib';
import { type Contender, HOPS, PAYLOAD, PREFETCH } from './contender.js';

/**
 * What no design could save where nothing may be lost: durable queues, persistent and mandatory messages, and each
 * acknowledged only once the broker has confirmed the next one. A connection for each service and for the client; nothing is
 * parsed, and one channel does both, consuming and publishing.
 */
export async function raw(url: string, type: 'quorum' | 'classic'): Promise<Contender> {
  const id = randomUUID();
  const queues = [...HOPS, 'end'].map((name) => `bench-${id}.${name}`);
  const [first = '', ...others] = queues;
  const connections = await Promise.all(queues.map(() => connect(url, { noDelay: true })));
  const channels = await Promise.all(connections.map(opened));
  const [client] = channels.slice(-1);
  if (client === undefined) throw new Error('There is no client.');
  for (const queue of queues) await client.assertQueue(queue, { durable: true, arguments: { 'x-queue-type': type } });

  const waiting = new Map<string, () => void>();
  await client.consume(queues.at(-1) ?? '', (message) => {
    if (message === null) return;
    client.ack(message);
    waiting.get(String(message.properties.messageId))?.();
  });
  for (const [at, next] of others.entries()) {
    const [channel, from] = [channels[at] ?? client, queues[at] ?? ''];
    await channel.consume(from, (message) => {
      if (message === null) return;
      void publish(channel, next, message.content, String(message.properties.messageId)).then(() => {
        channel.ack(message);
      });
    });
  }

  return {
    run: async () => {
      const messageId = randomUUID();
      const ended = new Promise<void>((resolve) => waiting.set(messageId, resolve));
      await publish(client, first, Buffer.from(PAYLOAD), messageId);
      await ended;
      waiting.delete(messageId);
    },
    close: async () => {
      for (const queue of queues) await client.deleteQueue(queue);
      await Promise.all(connections.map((connection) => connection.close()));
    },
  };
}

async function opened(connection: ChannelModel): Promise<ConfirmChannel> {
  const channel = await connection.createConfirmChannel();
  await channel.prefetch(PREFETCH);
  channel.on('return', ({ fields }: { readonly fields: { readonly routingKey: string } }) => {
    throw new Error(`Nobody has "${fields.routingKey}".`);
  });
  return channel;
}

/** Resolves once the broker has it. */
function publish(channel: ConfirmChannel, queue: string, content: Buffer, messageId: string): Promise<void> {
  return new Promise((resolve, reject) => {
    channel.publish('', queue, content, { persistent: true, mandatory: true, messageId }, (error: unknown) => {
      if (error) reject(new Error(`"${queue}" was not confirmed.`, { cause: error }));
      else resolve();
    });
  });
}
