import { randomUUID } from 'node:crypto';
import { afterAll, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Redis } from 'ioredis';
import { redisState } from '../../libs/orchestrator/src/redis.js';
import { MemoryStateStore } from '../../libs/orchestrator/src/state/memory/memory.store.js';
import { placeOf } from '../../libs/orchestrator/src/state/redis/run-keys.js';
import { VirtualClock } from '../../libs/orchestrator/src/testing/virtual-clock.js';
import { answersOf, type RecordCall, recordCalls } from '../support/record-calls.js';

/** The run record in memory is the reference: Redis answers every call as it does, whatever was called before. */

const url = process.env['REDIS_URL'] ?? '';
const namespace = `spec-${randomUUID()}`;
const store = redisState({ url }).create({ service: 'spec', namespace });
const redis = new Redis(url);
const RUNS = Number(process.env['RECORD_RUNS'] ?? 300);

afterAll(async () => {
  await store.close();
  redis.disconnect();
});

/** What memory answers, and what Redis does. */
async function both(
  calls: readonly RecordCall[],
  forget?: (field: string) => boolean,
): Promise<readonly [unknown[], unknown[]]> {
  const workflowId = randomUUID();
  const clock = new VirtualClock();
  const memory = { store: new MemoryStateStore(clock) };
  const forgetful = new Proxy({} as MemoryStateStore, {
    get: (_, name) => {
      const value: unknown = Reflect.get(memory.store, name);
      return typeof value === 'function' ? (value as () => unknown).bind(memory.store) : value;
    },
  });
  const inMemory = await answersOf(forgetful, workflowId, calls, () => {
    memory.store = new MemoryStateStore(clock);
    return Promise.resolve();
  });
  const { keys } = placeOf(namespace, workflowId);
  const inRedis: unknown[] = await answersOf(
    store,
    workflowId,
    calls,
    async () => {
      await redis.del(...keys);
    },
    async () => {
      if (forget === undefined) return;
      for (const field of await redis.hkeys(keys[0])) if (forget(field)) await redis.hdel(keys[0], field);
    },
  );
  return [inMemory, inRedis];
}

it('answers any calls as the record in memory does, also when it has lost everything between two of them', async () => {
  const kinds = new Map<string, number>();
  await fc.assert(
    fc.asyncProperty(recordCalls, async (calls) => {
      const [inMemory, inRedis] = await both(calls);
      for (const answer of inMemory) {
        const kind = typeof answer === 'string' ? answer : (answer as { kind?: string } | null)?.kind;
        if (kind !== undefined) kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
      }
      expect(inRedis).toEqual(inMemory);
    }),
    { numRuns: RUNS },
  );
  // The calls are worth something: every answer was given, and more than once.
  const given = [
    'ok',
    'fenced',
    'cancelled',
    'over',
    'stale',
    'ended',
    'ended-here',
    'busy',
    'granted',
    'waiting',
    'all',
  ];
  expect(given.filter((kind) => (kinds.get(kind) ?? 0) < RUNS / 100)).toEqual([]);
}, 120_000);

it('leaves no key that lives for ever, whatever the calls were', async () => {
  const keys = await redis.keys(`{${namespace}:*`);
  expect(keys.length).toBeGreaterThan(RUNS / 2);
  const endless: string[] = [];
  for (const key of keys) if ((await redis.pttl(key)) === -1) endless.push(key);
  expect(endless).toEqual([]);
  await redis.set(`{${namespace}:x}:run`, 'no end'); // such a key would be seen
  expect(await redis.pttl(`{${namespace}:x}:run`)).toBe(-1);
  await redis.del(`{${namespace}:x}:run`);
});

it.each(['cancelled', 'ending', 'place:', 'done:', 'part:', 'line:f/'])(
  'sees a record that forgets %s',
  async (kind) => {
    const property = fc.asyncProperty(recordCalls, async (calls) => {
      const [inMemory, inRedis] = await both(calls, (field) => field.startsWith(kind));
      expect(inRedis).toEqual(inMemory);
    });
    const { failed } = await fc.check(property, { numRuns: 5_000, endOnFailure: true });
    expect(failed).toBe(true);
  },
  60_000,
);
