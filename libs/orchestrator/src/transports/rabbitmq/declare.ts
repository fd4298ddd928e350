import type { Channel, ChannelModel } from 'amqplib';
import { BrokerRefusedError } from '../../errors/broker-refused.error.js';
import { closed } from './closing.js';
import { messageOf } from '../../utils/describe-error.js';
import type { DeclareMode } from './rabbitmq.options.js';
import type { Queue, Topology } from './topology.js';

/**
 * Declares what is missing, or checks that it is there.
 * @throws BrokerRefusedError for what is there otherwise, is missing, or may not be declared
 */
export async function declare(model: ChannelModel, topology: Topology, mode: DeclareMode): Promise<void> {
  if (mode === 'none') return;
  const channel = await model.createChannel();
  channel.on('error', () => undefined); // what it says, the call that it is about rejects with
  for (const { name, type, arguments: args } of topology.exchanges) {
    await told(`exchange "${name}"`, mode, () =>
      mode === 'check'
        ? channel.checkExchange(name)
        : channel.assertExchange(name, type, { durable: true, arguments: args }),
    );
  }
  for (const queue of topology.queues)
    await told(`queue "${queue.name}"`, mode, () => declareQueue(channel, queue, mode));
  if (mode === 'assert') {
    for (const { source, destination, to, key } of topology.bindings) {
      await told(`the binding of "${destination}" to "${source}"`, mode, () =>
        to === 'queue' ? channel.bindQueue(destination, source, key) : channel.bindExchange(destination, source, key),
      );
    }
  }
  await closed(channel);
}

const declareQueue = (channel: Channel, { name, arguments: args }: Queue, mode: DeclareMode): Promise<unknown> =>
  mode === 'check' ? channel.checkQueue(name) : channel.assertQueue(name, { durable: true, arguments: args });

/** @throws BrokerRefusedError for what no second try mends, with the fix */
export async function told(what: string, mode: DeclareMode, act: () => Promise<unknown>): Promise<void> {
  try {
    await act();
  } catch (error) {
    const reason = messageOf(error);
    const fix = fixFor(reason, mode);
    if (fix === undefined) throw error; // the connection is gone
    throw new BrokerRefusedError(`RabbitMQ refuses ${what}: ${reason}. ${fix}`, { cause: error });
  }
}

/** By the reply code in the broker's own words. */
function fixFor(reason: string, mode: DeclareMode): string | undefined {
  if (/\b406\b|PRECONDITION/i.test(reason)) {
    return 'It is there with other arguments, which the broker names. Delete it once it is empty, so that it is declared anew, or declare it yourself and say declare: \'check\'.'; // prettier-ignore
  }
  if (/\b404\b|NOT[_-]FOUND/i.test(reason)) {
    return mode !== 'assert'
      ? "It is missing. Declare it (rabbitTopology() lists everything), or say declare: 'assert'."
      : 'Declare what it belongs to first.';
  }
  if (/\b403\b|ACCESS[_-]REFUSED/i.test(reason)) {
    const [, right = 'configure'] = /(read|write) access/.exec(reason) ?? [];
    const instead = right === 'configure' ? ", or declare it yourself (rabbitTopology() lists everything) and say declare: 'none'" : ''; // prettier-ignore
    return `Give the user the right to ${right} it${instead}.`;
  }
  return undefined;
}
