import { describe, expect, it, jest } from '@jest/globals';
import { Crossing } from '../support/redis/crossing.js';
import { WithoutEpoch } from '../support/redis/epochs.js';
import '../support/redis/logged.js';
import {
  afterwards,
  caughtUp,
  connectionsOf,
  pair,
  plain,
  redis,
  synchronised,
} from '../support/redis/private-redis.js';
import { reads, Tokens } from '../support/redis/tokens.js';
import { until } from '../support/until.js';

/** Servers that lose a purge which they have acknowledged: a token of before it must not come back. */

jest.setTimeout(120_000); // servers start and stop; a busy machine takes its time

const TAG = 'all/shop/item/1';
/** Tokens with the epoch, and clients of the same tokens without it. */
async function clients(url: string) {
  const [ours, control] = [new Tokens(url), new Tokens(url, WithoutEpoch)];
  afterwards(() => Promise.all([ours.close(), control.close()]));
  return { ours: await ours.connect(), control: await control.connect() };
}

const tokensOf = async (those: Awaited<ReturnType<typeof clients>>): Promise<readonly (string | undefined)[]> =>
  Promise.all([those.ours, those.control].map(async (client) => (await client.read([TAG]))[0]));

const again = (those: Awaited<ReturnType<typeof clients>>): Promise<void> =>
  until(async () => (await reads(those.ours)) && (await reads(those.control)), { timeoutMs: 30_000 });

describe('a token of before a purge', () => {
  it('does not come back with a server that starts from an older snapshot', async () => {
    const server = await redis();
    const those = await clients(server.url);
    const [before, controlled] = await tokensOf(those);
    await plain(server).save();
    await those.ours.purge([TAG]);
    await those.control.purge([TAG]);
    await server.stop('SIGKILL');
    await server.restart();
    await again(those);
    const [after, control] = await tokensOf(those);
    expect(after).not.toBe(before);
    expect(control).toBe(controlled); // it is in the snapshot: without the epoch it would be served again
  });

  it('does not come back with a replica that is promoted and has not got the purge', async () => {
    const { primary, replica } = await pair();
    const address = await Crossing.to(primary.port);
    afterwards(() => address.close());
    const those = await clients(address.url);
    const [before, controlled] = await tokensOf(those);
    const standby = plain(replica);
    await caughtUp(standby, plain(primary));
    await standby.replicaof('NO', 'ONE');
    await those.ours.purge([TAG]);
    await those.control.purge([TAG]);
    await primary.stop('SIGKILL');
    address.switch(replica.port);
    await again(those);
    const [after, control] = await tokensOf(those);
    expect(after).not.toBe(before);
    expect(control).toBe(controlled);
  });

  it('does not come back with a primary that was a replica meanwhile, under connections that never noticed', async () => {
    const { primary, replica } = await pair();
    const those = await clients(primary.url);
    const [first, second] = [plain(primary), plain(replica)];
    const [before, controlled] = await tokensOf(those);
    const epoch = await first.info('replication').then(epochOf); // as one who asks when he connects would know it
    await caughtUp(second, first);
    const connected = await connectionsOf(first);
    await second.replicaof('NO', 'ONE');
    await those.ours.purge([TAG]);
    await those.control.purge([TAG]);
    await first.replicaof('127.0.0.1', replica.port);
    await synchronised(first);
    await first.replicaof('NO', 'ONE');
    const [after, control] = await tokensOf(those);
    expect(after).not.toBe(before);
    expect(control).toBe(controlled);
    // Nor would an epoch do that is read with each connection: there is no other one.
    expect(await connectionsOf(first)).toEqual(expect.arrayContaining([...connected]));
    expect(before?.startsWith(`${epoch}:`)).toBe(true);
  });

  it('does not come back with a server that starts without data', async () => {
    const server = await redis();
    const those = await clients(server.url);
    const [before] = await tokensOf(those);
    await those.ours.purge([TAG]);
    await server.stop('SIGKILL');
    await server.restart();
    await again(those);
    expect((await tokensOf(those))[0]).not.toBe(before);
  });
});

describe('a replica', () => {
  it('gives no tokens, and takes no purge: under the connection that was to the primary, too', async () => {
    const { primary, replica } = await pair();
    const tokens = new Tokens(primary.url);
    afterwards(() => tokens.close());
    const client = await tokens.connect();
    await client.read([TAG]);
    await tokens.plain.replicaof('127.0.0.1', replica.port);
    await expect(client.read([TAG])).rejects.toThrow('READONLY');
    await until(() =>
      client.purge([TAG]).then(
        () => false,
        (error: unknown) => String(error).includes('READONLY'),
      ),
    );
    await tokens.plain.replicaof('NO', 'ONE');
    await until(() => reads(client)); // it has connected again, to whoever is the primary by that name
  });
});

const epochOf = (info: string): string => /master_replid:(\w+)/.exec(info)?.[1] ?? '';
