import 'reflect-metadata';
import { setTimeout } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { redisCache } from '../libs/orchestrator/src/cache/redis/redis-cache.js';
import type { Contender } from './cache/contender.js';
import { ours } from './cache/ours.js';
import { medians, report } from './report.js';

/**
 * Cached reads and purges with tokens and answers in Redis, beside the plain commands that anybody would need, in time that
 * passes: fifty callers at once, each of which asks again as soon as it is answered.
 */
const url = process.env['REDIS_URL'] ?? 'redis://127.0.0.1:6379';
const CALLERS = 50;
const EACH = 20;
const ORDERS = Array.from({ length: 100 }, (_, at) => `o-${at}`);
const value = { id: 'o-1', note: 'x'.repeat(1_000) };
const text = JSON.stringify(value);

const client = new Redis(url);
const cache = redisCache({ url });
const near = await filled(await ours(10_000, value, { ...cache, timeout: '10s' }));
const far = await filled(await ours(10_000, value, { ...redisCache({ url, memory: false }), timeout: '10s' }));
for (const id of ORDERS) await client.set(`bench:${id}`, text);

let at = 0;
const next = (): string => ORDERS[(at += 1) % ORDERS.length] ?? '';
const crowd = (act: (id: string) => Promise<unknown>) => () =>
  Promise.all(Array.from({ length: CALLERS }, async () => {
    for (let time = 0; time < EACH; time += 1) await act(next());
  })); // prettier-ignore

const parsed = async (id: string): Promise<unknown> => JSON.parse((await client.get(`bench:${id}`)) ?? '') as unknown;
const times = await medians(1, {
  get: crowd((id) => client.get(`bench:${id}`)),
  parsed: crowd(parsed),
  near: crowd((id) => near.read(id)),
  far: crowd((id) => far.read(id)),
  set: crowd((id) => client.set(`bench:${id}`, text)),
  purge: crowd((id) => near.purge(id)),
  alone: async () => {
    for (let time = 0; time < EACH; time += 1) await client.set(`bench:${next()}`, text);
  },
  purgeAlone: async () => {
    for (let time = 0; time < EACH; time += 1) await near.purge(next());
  },
  fill: async () => {
    await near.fill(ORDERS); // what was purged, for the next round
    await far.fill(ORDERS);
  },
});
const perSecond = (time: number): number => (CALLERS * EACH * 1e6) / time;
report('redis-cache', [
  { name: 'hits, memory in front / GET', value: perSecond(times.near), unit: 'per second', limit: perSecond(times.get), goal: '>= 1' },
  { name: 'hits, memory in front / GET and JSON.parse', value: perSecond(times.near), unit: 'per second', limit: perSecond(times.parsed) },
  { name: 'hits, answers in Redis alone / GET', value: perSecond(times.far), unit: 'per second', limit: perSecond(times.get) },
  { name: 'a purge of one order, by 50 at once / SET', value: times.purge / CALLERS / EACH, unit: 'µs', limit: times.set / CALLERS / EACH },
  { name: 'a purge of one order, alone / SET', value: times.purgeAlone / EACH, unit: 'µs', limit: times.alone / EACH },
]); // prettier-ignore
await near.close();
await far.close();
client.disconnect();

/** Its connections are there, and every order is cached. */
async function filled<T extends Contender>(contender: T): Promise<T> {
  for (;;) {
    await contender.fill(ORDERS);
    const hit = await Promise.all(ORDERS.map((id) => contender.read(id))).catch(() => undefined);
    if (hit !== undefined) return contender;
    await setTimeout(50);
  }
}
