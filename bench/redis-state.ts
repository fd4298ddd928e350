import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { redisState } from '../libs/orchestrator/src/redis.js';
import type { Holder, RecordedOutcome, StateStore } from '../libs/orchestrator/src/state/state.store.js';
import { type Figure, report } from './report.js';

/**
 * What a call of the run record in Redis takes, one after another, beside a `SET` of the 1 kB that is recorded; and what a run
 * takes there. On the server that REDIS_URL names; the keys are removed in the end.
 */
const RUNS = 2_000;
const NAMESPACE = `bench-${randomUUID()}`;
const output = { text: 'x'.repeat(1_000) };
const outcome: RecordedOutcome = { outcome: { kind: 'completed', output }, attempt: 1, at: 0 };
const text = JSON.stringify(outcome);

const url = process.env['REDIS_URL'] ?? 'redis://127.0.0.1:6379';
const redis = new Redis(url);
const store = redisState({ url }).create({ service: 'bench', namespace: NAMESPACE });

/** Milliseconds of a call, made one after another: the median. */
async function measure(call: (n: number) => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let n = 0; n < RUNS; n += 1) {
    const from = performance.now();
    await call(n);
    times.push(performance.now() - from);
  }
  return times.sort((one, other) => one - other)[RUNS / 2] ?? NaN;
}

const ids = Array.from({ length: RUNS }, () => randomUUID());
const holders: Holder[] = [];
const held = (n: number): Holder => holders[n] ?? { workflowId: '', epoch: 0, line: '', seq: 0, hopId: '', token: '' };
const claim = async (from: StateStore, workflowId: string, seq: number): Promise<Holder> => {
  const hop = { workflowId, epoch: 0, line: '', seq, hopId: randomUUID() };
  const answer = await from.claim(hop, { leaseMs: 60_000, now: Date.now(), expiresAt: Date.now() + 7 * 86_400_000 });
  if (!('holder' in answer)) throw new Error(answer.kind);
  return answer.holder;
};
const bytes = async (pattern: string): Promise<number> => {
  const keys = await redis.keys(`{${NAMESPACE}:*}:${pattern}`);
  const sizes = await Promise.all(keys.map((key) => redis.memory('USAGE', key)));
  return Math.round(sizes.reduce((sum: number, size) => sum + (size ?? 0), 0) / Math.max(keys.length, 1));
};

const figures: Figure[] = [];
try {
  const set = (n: number): Promise<unknown> => redis.set(`{${NAMESPACE}:${n}}:raw`, text);
  await measure(set); // warms up
  const limit = await measure(set);
  const compare = async (name: string, call: (n: number) => Promise<unknown>): Promise<void> => {
    figures.push({ name, value: await measure(call), unit: 'ms', limit });
  };
  await compare('claim of a new run', async (n) => (holders[n] = await claim(store, ids[n] ?? '', 1)));
  await compare('record of 1 kB', (n) => store.record(held(n), { a: outcome }));
  await compare('claim of the next message', async (n) => (holders[n] = await claim(store, ids[n] ?? '', 2)));
  for (let n = 0; n < RUNS; n += 1) await store.record(held(n), { a: outcome });
  await compare('extend', (n) => store.extend(held(n), 60_000));
  const atWork = await bytes('run');
  await compare('end with outputs of 2 kB', (n) =>
    store.end(held(n), { status: 'completed', output, steps: { a: output } }),
  );
  await compare('status of what has ended', (n) => store.status(ids[n] ?? ''));
  const [ended, outputs] = [await bytes('run'), await bytes('outputs')];
  const long = await claim(store, randomUUID(), 1);
  for (let n = 0; n < 1_000; n += 1) await store.record(long, { [`each[${n}].x`]: outcome });
  await compare('record of 1 kB beside 1 MB', (n) => store.record(long, { [`each[${n % 1_000}].x`]: outcome }));
  const from = performance.now();
  await Promise.all(ids.map(async (id) => store.end(await claim(store, `${id}-2`, 1), { status: 'completed' })));
  const together = (performance.now() - from) / (2 * RUNS);
  figures.push({ name: 'claim, end, of 2,000 runs at once', value: together, unit: 'ms', limit });
  for (const [name, value] of Object.entries({
    'a run at work': atWork,
    'an ended one': ended,
    'its outputs': outputs,
  })) {
    figures.push({ name, value, unit: 'bytes', limit: text.length });
  }
  report('redis-state', figures);
} finally {
  const keys = await redis.keys(`{${NAMESPACE}:*`);
  for (let at = 0; at < keys.length; at += 1_000) await redis.unlink(...keys.slice(at, at + 1_000));
  await store.close();
  redis.disconnect();
}
