import 'reflect-metadata';
import { setTimeout } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { redisCache } from '../libs/orchestrator/src/cache/redis/redis-cache.js';
import type { Contender } from './cache/contender.js';
import { nestInRedis } from './cache/nest.js';
import { bentocacheInRedis, moleculerInRedis } from './cache/others.js';
import { ours } from './cache/ours.js';
import { Bystanders, disturbance, type Disturbance, scanAndDelete } from './cache/scanned.js';
import { type Figure, medians, report } from './report.js';

/**
 * Cached reads and purges in Redis beside those of others, and beside the plain commands that anybody would need, in time that
 * passes. Reads: fifty callers at once, each of which asks again as soon as it is answered. Purges: one after another, with so many
 * other keys in the server, while somebody else asks it for one key after another.
 */
const url = process.env['REDIS_URL'] ?? 'redis://127.0.0.1:6379';
const CALLERS = 50;
const EACH = 20;
const ORDERS = Array.from({ length: 100 }, (_, at) => `o-${at}`);
const KEYS = [1_000, 100_000, 1_000_000];
const value = { id: 'o-1', note: 'x'.repeat(1_000) };
const text = JSON.stringify(value);

const [client, another] = [new Redis(url), new Redis(url)];
const rawOf = (id: string): string => `bench:orders:${id}`;
const fillRaw = (): Promise<unknown> => client.mset(ORDERS.flatMap((id) => [rawOf(id), text]));
await fillRaw();
const near = await filled(await ours(10_000, value, { ...redisCache({ url }), timeout: '10s' }));
const far = await filled(await ours(10_000, value, { ...redisCache({ url, memory: false }), timeout: '10s' }));
const others = {
  nest: await filled(await nestInRedis(url)(10_000, value)),
  tagged: await filled(await bentocacheInRedis(url, 'tags')(10_000, value)),
  untagged: await filled(await bentocacheInRedis(url, 'no tags')(10_000, value)),
  moleculer: await filled(await moleculerInRedis(url)(10_000, value)),
};

const read = await hits();
const purged = await purges();
for (const { close } of [near, far, ...Object.values(others)]) await close();
await client.unlink(ORDERS.map(rawOf));
client.disconnect();
another.disconnect();

/** Hits a second, of 50 callers at once. */
async function hits() {
  let at = 0;
  const next = (): string => ORDERS[(at += 1) % ORDERS.length] ?? '';
  const crowd = (act: (id: string) => Promise<unknown>) => () =>
    Promise.all(Array.from({ length: CALLERS }, async () => {
      for (let time = 0; time < EACH; time += 1) await act(next());
    })); // prettier-ignore
  const times = await medians(1, {
    get: crowd((id) => client.get(rawOf(id))),
    parsed: crowd(async (id) => JSON.parse((await client.get(rawOf(id))) ?? '') as unknown),
    near: crowd((id) => near.read(id)),
    far: crowd((id) => far.read(id)),
    nest: crowd((id) => others.nest.read(id)),
    tagged: crowd((id) => others.tagged.read(id)),
    untagged: crowd((id) => others.untagged.read(id)),
    moleculer: crowd((id) => others.moleculer.read(id)),
  }, 100); // prettier-ignore
  const perSecond = Object.entries(times).map(([name, time]) => [name, (CALLERS * EACH * 1e6) / time]);
  return Object.fromEntries(perSecond) as typeof times;
}

/** What a purge takes with so many other keys in the server, ours and by looking at every key, and a SET. */
async function purges() {
  const bystanders = new Bystanders(client, 'bench:invoices:');
  const get = (): Promise<unknown> => another.get(rawOf('o-0'));
  let at = 0;
  const next = (): string => ORDERS[(at += 1) % ORDERS.length] ?? '';
  const rows: { keys: number; set: Disturbance; own: Disturbance; scanned: Disturbance }[] = [];
  for (const keys of KEYS) {
    await bystanders.growTo(keys);
    const set = await disturbance(1_000, () => client.set(rawOf(next()), text), get);
    const own = await disturbance(1_000, () => near.purge(next()), get);
    const scan = async (): Promise<void> => {
      await scanAndDelete(client, rawOf('*'));
    };
    const scanned = await disturbance(Math.max(3, 20_000 / keys), scan, get);
    await fillRaw();
    rows.push({ keys, set, own, scanned });
  }
  await bystanders.clear();
  return rows;
}

/** Its connections are there, and every order is cached. */
async function filled<T extends Contender>(contender: T): Promise<T> {
  for (;;) {
    await contender.fill(ORDERS);
    const hit = await Promise.all(ORDERS.map((id) => contender.read(id))).catch(() => []);
    if (hit.length > 0 && hit.every((order) => JSON.stringify(order) === text)) return contender;
    await setTimeout(50);
  }
}

const unit = 'hits a second';
const [few] = purged;
report('cache-redis', [
  { name: 'hits, memory in front / GET', value: read.near, unit, limit: read.get, goal: '>= 1.5' },
  { name: '… / GET and JSON.parse', value: read.near, unit, limit: read.parsed },
  { name: '… / bentocache, L1 and L2, three tags', value: read.near, unit, limit: read.tagged, goal: '>= 1' },
  { name: '… without tags', value: read.near, unit, limit: read.untagged, goal: '>= 1' },
  { name: 'hits, in Redis alone / GET', value: read.far, unit, limit: read.get, goal: '>= 0.6' },
  { name: '… / CacheInterceptor of Nest', value: read.far, unit, limit: read.nest, goal: '>= 1' },
  { name: '… / a cached action of moleculer', value: read.far, unit, limit: read.moleculer, goal: '>= 1' },
  ...purged.flatMap(({ keys, set, own, scanned }): Figure[] => [
    { name: `a purge with ${keys.toLocaleString('en')} keys / SET`, value: own.time, unit: 'µs', limit: set.time, goal: '<= 2' },
    { name: '… / with 1,000 keys', value: own.time, unit: 'µs', limit: few?.own.time ?? NaN, goal: '<= 1.5' },
    { name: '… / SCAN and UNLINK', value: own.time, unit: 'µs', limit: scanned.time },
    { name: 'p99 of a GET meanwhile / the same', value: own.p99, unit: 'µs', limit: scanned.p99 },
    { name: '… / while SETs are made', value: own.p99, unit: 'µs', limit: set.p99 },
  ]),
]); // prettier-ignore
