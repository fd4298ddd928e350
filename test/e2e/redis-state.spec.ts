import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import type { Redis } from 'ioredis';
import { placeOf } from '../../libs/orchestrator/src/state/redis/run-keys.js';
import { defineScripts, runScript, type ScriptName } from '../../libs/orchestrator/src/state/redis/scripts/scripts.js';
import { stateStoreContract } from '../../libs/orchestrator/src/testing/state.contract.js';
import { claim, clientAt, granted, hop, namespace, storeAt } from '../support/redis-stores.js';
import { socketWrites } from '../support/socket-writes.js';
import { until } from '../support/until.js';

const url = process.env['REDIS_URL'] ?? '';
const HOUR = 3_600_000;
const done = { status: 'completed', output: 1, steps: { a: 1 } } as const;
const outcome = (output: unknown): object => ({ a: { outcome: { kind: 'completed', output }, attempt: 1, at: 1 } });

describe('the run record in Redis', () => {
  /** Leases of a server are real time: long enough for a busy machine. */
  const leaseMs = 1_000;
  it.each(stateStoreContract)('$name', ({ run }) =>
    run({ store: storeAt(url), pass: (ms) => sleep(ms + 20), leaseMs }),
  );
});

describe('processes that share a run record', () => {
  it('are granted a message once between them, however many ask at once', async () => {
    const stores = [storeAt(url), storeAt(url)];
    for (let round = 0; round < 10; round += 1) {
      const asking = hop();
      const claims = await Promise.all(
        Array.from({ length: 100 }, (_, i) => stores.map((store) => claim(store, { ...asking, hopId: i % 3 ? 'first' : 'copy' }))).flat(),
      ); // prettier-ignore
      const kinds = claims.map(({ kind }) => kind);
      expect(kinds.filter((kind) => kind === 'granted')).toHaveLength(1);
      expect(new Set(kinds)).toEqual(new Set(['granted', 'busy', 'stale']));
    }
  });

  // It hooks into the inside of ioredis: this sees a version that is made otherwise.
  it('send what they ask in one turn at once', async () => {
    const store = storeAt(url);
    await granted(store, hop());
    const written = await socketWrites(() => Promise.all(Array.from({ length: 50 }, () => granted(store, hop()))));
    expect(written).toBeGreaterThan(0);
    expect(written).toBeLessThan(10);
  });

  it('hear of the end that another one made, with all of its outputs, before they would have looked', async () => {
    const [waits, ends] = [storeAt(url), storeAt(url)];
    const asking = hop();
    const { holder } = await granted(ends, asking);
    const signal = new AbortController().signal;
    const waiting = [waits.ended(asking.workflowId, signal), waits.ended(asking.workflowId, signal)];
    const redis = clientAt(url);
    const { channel } = placeOf(namespace, asking.workflowId);
    await until(async () => (await listeners(redis, channel)) === 1);
    const output = 'x'.repeat(100_000);
    await ends.end(holder, { status: 'completed', output });
    expect(await Promise.all(waiting)).toEqual([
      { status: 'completed', output },
      { status: 'completed', output },
    ]);
    await until(async () => (await listeners(redis, channel)) === 0);
    expect(await waits.status(asking.workflowId)).toEqual({ status: 'completed', truncated: true });
  });

  it('find the end in the record when nobody told them', async () => {
    const [waits, redis] = [storeAt(url), clientAt(url)];
    const asking = hop();
    const waiting = waits.ended(asking.workflowId, new AbortController().signal);
    const { keys, channel } = placeOf(namespace, asking.workflowId);
    await until(async () => (await listeners(redis, channel)) === 1);
    const other = hop();
    await waits.end((await granted(waits, other)).holder, { status: 'failed' });
    await redis.copy(placeOf(namespace, other.workflowId).keys[0], keys[0]);
    expect(await waiting).toEqual({ status: 'failed' });
  });

  it('stop listening for a run of which nobody waits any more', async () => {
    const store = storeAt(url);
    const asking = hop();
    const giveUp = new AbortController();
    const waiting = store.ended(asking.workflowId, giveUp.signal);
    const redis = clientAt(url);
    const { channel } = placeOf(namespace, asking.workflowId);
    await until(async () => (await listeners(redis, channel)) === 1);
    giveUp.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    await until(async () => (await listeners(redis, channel)) === 0);
  });
});

describe('a script that runs twice, as when its answer was lost and it is sent again', () => {
  it('answers the second time as the first', async () => {
    const redis = clientAt(url);
    defineScripts(redis);
    const { keys } = placeOf(namespace, hop().workflowId);
    const twice = async (name: ScriptName, args: readonly (string | number)[]): Promise<unknown> => {
      const answers = [await runScript(redis, name, keys, args), await runScript(redis, name, keys, args)];
      expect(answers[1]).toEqual(answers[0]);
      return answers[0];
    };
    const claimed = (await twice('claim', [0, '', '', 'first', 'id', 30_000, 7, HOUR])) as string[];
    expect(claimed[0]).toBe('granted');
    expect(await runScript(redis, 'claim', keys, [0, '', '', 'first', 'another', 30_000, 7, HOUR])).toContain('busy');
    const holder = [0, '', 1, 'first', claimed[2] ?? ''];
    expect(await twice('record', [...holder, 'fork', 1, 'f/a', 'a', '1'])).toBe('ok');
    expect(await twice('arrive', [...holder, '', 1, 'f', 'a', '1', 'a'])).toEqual(['1']);
    expect(await twice('extend', [...holder, 30_000, '0'])).toBe('ok');
    expect(await twice('cancel', [])).toEqual(['cancelling']);
    expect(await twice('end', [...holder, 'cancelled', '{"status":"cancelled"}', '', 'nobody', ''])).toBe('ok');
    expect(await twice('status', [])).toEqual(['ended', '{"status":"cancelled"}']);
    await twice('reopen', [1, HOUR]);
    expect(await twice('status', [])).toEqual(['running']);
  });
});

describe('a record that has lost its newest writes, as after a failover', () => {
  it('lets the holder go on that it granted last, of the next message and of the same', async () => {
    const store = storeAt(url);
    const redis = clientAt(url);
    const asking = hop();
    const [run] = placeOf(namespace, asking.workflowId).keys;
    const goesBack = async (then: () => Promise<void>): Promise<void> => {
      const before = await redis.hgetall(run);
      await then();
      await redis.del(run);
      await redis.hset(run, before);
    };
    const first = await granted(store, asking, 0);
    let second = first;
    await goesBack(async () => {
      second = await granted(store, asking, 0);
    });
    expect(await store.record(second.holder, outcome(1) as never)).toBe('ok');
    expect(await store.record(first.holder, outcome(2) as never)).toBe('fenced');
    let next = second;
    await goesBack(async () => {
      next = await granted(store, { ...asking, seq: 2, hopId: 'next' });
    });
    expect(await store.record(next.holder, outcome(3) as never)).toBe('ok');
    expect(await store.record(second.holder, outcome(4) as never)).toBe('fenced');
    expect(await store.end(next.holder, done)).toBe('ok');
  });
});

describe('the keys of runs', () => {
  it.each(['order:17', 'a b', '{x}', 'ž🐎', '\ud800', 'x'.repeat(5_000), '', '*', '~'])(
    'hold nothing raw, and one thing in braces, which names their slot: %j',
    (id) => {
      const { keys, channel } = placeOf(namespace, id);
      expect(new Set([...keys, channel].map((key) => /^\{([\w-]+:~?[\w.:-]{1,128})\}:\w+$/.exec(key)?.[1])).size).toBe(
        1,
      );
      expect(keys[0]).toMatch(/^\{.*\}:run$/);
    },
  );

  it('differ for ids that differ', () => {
    const ids = ['\ud800', '\udfff', '\ufffd', 'a', 'A', '', '{a}', '~a'];
    expect(new Set(ids.map((id) => placeOf('ns', id).keys[0])).size).toBe(ids.length);
  });

  it('all end by themselves, whatever was asked: while the run lives, a day after it must have ended', async () => {
    const [store, redis] = [storeAt(url), clientAt(url)];
    const ttl = async (id: string): Promise<number[]> =>
      Promise.all(placeOf(namespace, id).keys.map((key) => redis.pttl(key)));
    const running = hop();
    await claim(store, running, 30_000, Date.now() + HOUR);
    expectWithin((await ttl(running.workflowId))[0], 24.9 * HOUR, 25 * HOUR);
    const unknown = hop();
    await claim(store, unknown);
    expectWithin((await ttl(unknown.workflowId))[0], 191.9 * HOUR, 192 * HOUR);
    const overdue = hop();
    await claim(store, overdue, 30_000, Date.now() - HOUR);
    expectWithin((await ttl(overdue.workflowId))[0], 23.9 * HOUR, 24 * HOUR);
    const endless = hop();
    await claim(store, endless, 30_000, 1e300);
    expectWithin((await ttl(endless.workflowId))[0], 24 * HOUR, 4_000 * 24 * HOUR);
    const cancelled = hop();
    await store.cancel(cancelled.workflowId);
    expectWithin((await ttl(cancelled.workflowId))[0], 191.9 * HOUR, 192 * HOUR);
    const reopened = hop();
    await store.reopen(reopened.workflowId, 1, Date.now() + HOUR);
    expectWithin((await ttl(reopened.workflowId))[0], 24.9 * HOUR, 25 * HOUR);
    const lost = { ...hop(), seq: 3, token: 'from before' };
    await store.record(lost, {}, { kind: 'fork', lines: ['f/a'] });
    expectWithin((await ttl(lost.workflowId))[0], 191.9 * HOUR, 192 * HOUR);
    await store.end(lost, done);
    const [record, outputs] = await ttl(lost.workflowId);
    expectWithin(record, 191.9 * HOUR, 192 * HOUR);
    expectWithin(outputs, 23.9 * HOUR, 24 * HOUR);
  });

  it('leave of an ended run its last message and how it ended; outputs are forgotten first', async () => {
    const [store, redis] = [storeAt(url), clientAt(url)];
    const asking = hop();
    const { holder } = await granted(store, asking);
    const part = await granted(store, { ...asking, line: 'f/a', seq: 0, hopId: 'a' });
    await store.record(part.holder, outcome('part') as never);
    await store.arrive(part.holder, { join: 'f', part: 'a', of: ['a', 'b'], result: 1, fork: { line: '', seq: 1 } });
    await store.record(holder, outcome('main') as never);
    await store.end(holder, done);
    const { keys } = placeOf(namespace, asking.workflowId);
    expect((await redis.hkeys(keys[0])).sort()).toEqual(['done:\na', 'ending', 'epoch', 'line:', 'summary']);
    await redis.del(keys[1]); // a day later
    expect(await store.status(asking.workflowId)).toEqual({ status: 'completed', truncated: true });
    await store.extend(holder, 0);
    const again = await claim(store, asking);
    expect(again).toMatchObject({ kind: 'ended-here', summary: { status: 'completed' }, journal: outcome('main') });
  });
});

/** How many connections listen. */
const listeners = async (redis: Redis, channel: string): Promise<number> =>
  Number((await redis.pubsub('NUMSUB', channel))[1]);

function expectWithin(value: number | undefined, least: number, most: number): void {
  expect(value).toBeGreaterThan(least);
  expect(value).toBeLessThanOrEqual(most);
}
