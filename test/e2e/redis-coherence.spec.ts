import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { coherenceContract } from 'nest-orchestrator/testing';
import { Crossing } from '../support/redis/crossing.js';
import { logged } from '../support/redis/logged.js';
import { afterwards, plain, redis } from '../support/redis/private-redis.js';
import { commandsOf, reads, Tokens } from '../support/redis/tokens.js';
import { until } from '../support/until.js';

jest.setTimeout(60_000); // servers start and stop; a busy machine takes its time

const TAGS = ['all/shop', 'all/shop/item', 'all/shop/item/1'];

let tokens: Tokens;
beforeEach(() => {
  tokens = new Tokens(process.env['REDIS_URL'] ?? '');
});
afterEach(() => tokens.close());

/** Tokens in a server of this test's own. */
function tokensIn({ url }: { readonly url: string }): Tokens {
  const own = new Tokens(url);
  afterwards(() => own.close());
  return own;
}

/** Milliseconds until the first of them is forgotten. */
async function left(): Promise<number> {
  let all: readonly number[] = [];
  await until(async () => {
    all = await Promise.all((await tokens.keys()).map((key) => tokens.plain.pttl(key)));
    return all.every((ttl) => ttl > 1); // that with which a connection is checked is gone
  });
  return Math.min(...all);
}

describe('the tokens in Redis', () => {
  it.each(coherenceContract)('$name', async ({ run }) => {
    const address = await Crossing.to(Number(new URL(process.env['REDIS_URL'] ?? '').port));
    afterwards(() => address.close());
    await run(await tokens.fixture(address));
  });

  it('are read by one command, whoever asks in one turn of the event loop', async () => {
    const own = tokensIn(await redis());
    const client = await own.connect();
    await client.read(TAGS);
    const commands = await commandsOf(own.plain, () =>
      Promise.all(Array.from({ length: 50 }, (_, at) => client.read([...TAGS, `all/shop/item/${at % 5}`]))),
    );
    expect(commands).toMatchObject({ evalsha: 1, mget: 1 });
  });

  it('are under keys of one slot, in which nothing of a tag can be read, and which are never long', async () => {
    const client = await tokens.connect();
    await client.purge(['t:acme/shop/item/4711', 'x'.repeat(10_000), '{other}']);
    const keys = await tokens.keys();
    expect(keys.length).toBeGreaterThanOrEqual(3);
    for (const key of keys) expect(key).toMatch(new RegExp(`^workflow:\\{${tokens.namespace}\\}:tag:[\\w-]{22}$`));
  });

  it('are kept for twice as long as any answer', async () => {
    const hour = 3_600_000;
    const client = await tokens.connect(undefined, hour);
    await client.read(TAGS);
    expect(await left()).toBeLessThanOrEqual(2 * hour);
    expect(await left()).toBeGreaterThan(hour);
  });

  it('are kept for longer while somebody reads them', async () => {
    const client = await tokens.connect(undefined, 8_000);
    const [before] = await client.read(TAGS);
    let lowest = Infinity;
    await until(
      async () => {
        expect((await client.read(TAGS))[0]).toBe(before);
        const now = await left();
        if (now > lowest) return true;
        lowest = now;
        return false;
      },
      { timeoutMs: 20_000 },
    );
  });

  it('are others once they were not read for so long', async () => {
    const client = await tokens.connect(undefined, 20);
    const before = await client.read(TAGS);
    await until(async () => (await tokens.keys()).length === 0);
    const after = await client.read(TAGS);
    expect(after.filter((token) => before.includes(token))).toEqual([]);
  });

  it('are those of another namespace never', async () => {
    const other = tokensIn({ url: process.env['REDIS_URL'] ?? '' });
    const [one, two] = [await tokens.connect(), await other.connect()];
    const before = await one.read(TAGS);
    await two.purge(TAGS);
    expect(await one.read(TAGS)).toEqual(before);
    expect(one.sharedWith(two)).toBe(false);
  });

  it('outlive that a server forgets its scripts', async () => {
    const client = await tokens.connect();
    const before = await client.read(TAGS);
    await tokens.plain.script('FLUSH');
    await client.purge(TAGS.slice(0, 1));
    await tokens.plain.script('FLUSH');
    const after = await client.read(TAGS);
    expect(after.map((token, at) => token === before[at])).toEqual([false, true, true]);
  });

  it('are replaced in a server that has no memory left: a purge needs none', async () => {
    const own = tokensIn(await redis());
    const client = await own.connect();
    const before = await client.read(TAGS);
    await own.plain.config('SET', 'maxmemory', '1');
    await expect(own.plain.set('anything', 1)).rejects.toThrow('OOM');
    await client.purge(TAGS);
    await expect(client.read(TAGS)).rejects.toThrow('OOM'); // nothing is served
    await own.plain.config('SET', 'maxmemory', '0');
    expect((await client.read(TAGS)).filter((token) => before.includes(token))).toEqual([]);
  });
});

describe('a client that has just been made', () => {
  it('waits for its connection: its first reads know the tokens', async () => {
    const client = tokens.open();
    expect(await client.read(TAGS)).toHaveLength(TAGS.length);
    expect(logged).toEqual([]);
  });
});

describe('a node of a cluster', () => {
  it('is told apart: it takes no tokens of slots that are not its own', async () => {
    const client = tokensIn(await redis('--cluster-enabled', 'yes')).open();
    await expect(client.read(TAGS)).rejects.toThrow('CLUSTERDOWN');
    await until(() => logged.some((line) => line.includes('cannot be used') && line.includes('CLUSTERDOWN')));
  });
});

describe('a purge whose answer was lost', () => {
  it('rejects, and is not sent again by itself', async () => {
    const server = await redis();
    const address = await Crossing.to(server.port);
    afterwards(() => address.close());
    const own = tokensIn(address);
    const client = await own.connect();
    await client.purge(TAGS); // the server knows the script now
    const before = await client.read(TAGS);
    const watching = plain(server);
    const commands = await commandsOf(watching, async () => {
      address.swallow();
      const purge = expect(client.purge(TAGS)).rejects.toThrow();
      await until(() => address.swallowed > 0);
      address.switch(server.port);
      await purge;
      await until(() => reads(client));
    });
    // Its own, and one with which the new connection is checked.
    expect(commands['set']).toBeGreaterThanOrEqual(TAGS.length);
    expect(commands['set']).toBeLessThan(2 * TAGS.length);
    expect((await client.read(TAGS)).filter((token) => before.includes(token))).toEqual([]);
  });
});

describe('a server that cannot be reached', () => {
  it('lets reads and purges reject, and says so without the password; then it heals', async () => {
    const server = await redis();
    const address = server.url.replace('//', '//default:secret-word@');
    const own = tokensIn({ url: address });
    await own.plain.call('ACL', 'SETUSER', 'default', '>secret-word').catch(() => undefined);
    const client = await own.connect();
    const before = await client.read(TAGS);
    await server.stop('SIGKILL');
    await until(() => logged.length > 0);
    await expect(client.read(TAGS)).rejects.toThrow();
    await expect(client.purge(TAGS)).rejects.toThrow('is away');
    await server.restart();
    await until(() => reads(client), { timeoutMs: 20_000 });
    expect((await client.read(TAGS)).filter((token) => before.includes(token))).toEqual([]);
    await client.purge(TAGS);
    await until(() => logged.length === 2);
    expect(logged[0]).toMatch(/redis:\/\/127\.0\.0\.1:\d+\/0 cannot be used for the tokens of service "shop"/);
    expect(logged[1]).toContain('can be used');
    expect(logged.join()).not.toContain('secret-word');
  });

  it('holds a purge back while it does not answer, and loses none', async () => {
    const server = await redis();
    const client = await tokensIn(server).connect();
    const before = await client.read(TAGS);
    process.kill(server.pid, 'SIGSTOP');
    let purged = false;
    const purge = client.purge(TAGS).then(() => (purged = true));
    const read = client.read(TAGS);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(purged).toBe(false);
    process.kill(server.pid, 'SIGCONT');
    await Promise.all([purge, read]);
    expect((await client.read(TAGS)).filter((token) => before.includes(token))).toEqual([]);
  });
});

describe('a server that refuses INFO', () => {
  it('is used without the epoch, and the log says what is lost', async () => {
    jest.spyOn(console, 'warn').mockReturnValue(); // of ioredis, which asks for INFO itself
    const server = await redis();
    const admin = plain(server);
    await admin.call('ACL', 'SETUSER', 'shop', 'on', '>word', '~*', '+@all', '-info');
    const client = await tokensIn({ url: server.url.replace('//', '//shop:word@') }).connect();
    const [before] = await client.read(TAGS);
    expect(before).toMatch(/^:/);
    await client.purge(TAGS);
    expect((await client.read(TAGS))[0]).not.toBe(before);
    expect(logged.join()).toContain('does not tell its replication id');
    expect(logged.join()).toContain('+info');
  });

  it('is told apart from one that allows it', async () => {
    const client = await tokensIn(await redis()).connect();
    expect((await client.read(TAGS))[0]).toMatch(/^[0-9a-f]{40}:[0-9a-f-]{36}:\d{16}$/);
    expect(logged).toEqual([]);
  });
});
