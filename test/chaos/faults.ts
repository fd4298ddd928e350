import { readdirSync, rmSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { PrivateRabbit, PrivateServer } from '../../scripts/private-servers.mjs';
import type { Trouble } from './scene.js';

// What befalls processes and servers: each resolves with how often it struck.

export const kill = ({ workers }: Trouble): Promise<number> => workers.strike('SIGKILL');
export const terminate = ({ workers }: Trouble): Promise<number> => workers.strike('SIGTERM');

/** Ends a server, and starts it again with its data. */
export async function again(server: PrivateServer, signal: NodeJS.Signals): Promise<number> {
  await server.stop(signal);
  await server.restart();
  return 1;
}

/** A Redis dies that had not brought its newest writes to its disk yet. @param most bytes of commands: at least one, and half of what there is */
export async function forget(redis: PrivateServer, most: number): Promise<number> {
  await redis.stop('SIGKILL');
  const numberOf = (file: string): number => Number(/\.(\d+)\.incr\.aof$/.exec(file)?.[1] ?? -1);
  const [newest = ''] = readdirSync(join(redis.dir, 'appendonlydir')).sort((a, b) => numberOf(b) - numberOf(a));
  const log = join(redis.dir, 'appendonlydir', newest);
  const { size } = statSync(log);
  truncateSync(log, size - Math.ceil(Math.random() * Math.min(most, size / 2)));
  await redis.restart();
  return 1;
}

/** A Redis dies that has nothing on its disk. */
export async function forgetAll(redis: PrivateServer): Promise<number> {
  await redis.stop('SIGKILL');
  rmSync(join(redis.dir, 'appendonlydir'), { recursive: true });
  await redis.restart();
  return 1;
}

/** A server that is there, and does nothing. */
export async function pause(server: PrivateServer, ms: number): Promise<number> {
  process.kill(server.pid, 'SIGSTOP');
  await setTimeout(ms);
  process.kill(server.pid, 'SIGCONT');
  return 1;
}

/** The broker cancels every consumer of a service, as it does where the queue's leader is gone, and says so. */
export const cancelConsumers = (broker: PrivateRabbit): Promise<number> =>
  evaluate(
    broker,
    `[begin
        Channel = proplists:get_value(channel_pid, C), Tag = proplists:get_value(consumer_tag, C),
        gen_server2:cast(Channel, {method, {'basic.cancel', Tag, true}, none, noflow}),
        gen_server2:cast(Channel, {command, {'basic.cancel', Tag, true}})
      end || C <- rabbit_amqqueue:consumers_all(<<"/">>), {resource, _, queue, Queue} <- [proplists:get_value(queue_name, C)],
             nomatch =/= re:run(Queue, "[.]workflow")]`,
  );

/** The broker closes every channel of a service: with an error, as if an acknowledgement came that it does not know. Some may end meanwhile. */
export const failChannels = (broker: PrivateRabbit): Promise<number> =>
  evaluate(
    broker,
    `[gen_server2:cast(Channel, {method, {'basic.ack', 999999999, false}, none, noflow})
      || Channel <- rabbit_channel:list(), [{connection, Connection}] <- [catch rabbit_channel:info(Channel, [connection])],
         [{client_properties, Properties}] <- [catch rabbit_networking:connection_info(Connection, [client_properties])],
         lists:keymember(<<"connection_name">>, 1, Properties)]`,
  );

/** A queue that takes nothing for a while: what is published to it is refused. */
export async function refusePublishing(broker: PrivateRabbit, queue: string, ms: number): Promise<number> {
  await broker.control('set_policy', 'full', `^${queue}$`, '{"max-length":0}', '--apply-to', 'queues');
  await setTimeout(ms);
  await broker.control('clear_policy', 'full');
  return 1;
}

/** @param list of what was done, in Erlang @returns its length */
const evaluate = async (broker: PrivateRabbit, list: string): Promise<number> =>
  Number(await broker.control('eval', `length(${list}).`));
