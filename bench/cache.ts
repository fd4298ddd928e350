import 'reflect-metadata';
import { deepEqual } from 'node:assert/strict';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Contend, Contender } from './cache/contender.js';
import { nestThatCopies, nestThatShares } from './cache/nest.js';
import { bentocacheWithoutTags, bentocacheWithTags, moleculer } from './cache/others.js';
import { ours } from './cache/ours.js';
import { type Figure, medians, processorTime, report } from './report.js';

/**
 * Cached reads and purges beside those of others, everything in the memory of one process and in processor time. A read is of
 * one of 100 orders of 1 kB, which all fit in the processor's caches; a purge is what one mutation does while so many other answers are held.
 */
const ids = (count: number): string[] => Array.from({ length: count }, (_, at) => `o-${at}`);
const ORDERS = ids(100);
const order = {
  id: 'o-1',
  status: 'open',
  customer: { id: 7, name: 'Ada Lovelace', address: { street: '12 St James Square', city: 'London', country: 'GB' } },
  placed_at: '2026-03-01T09:30:00.000Z',
  currency: 'GBP',
  paid: true,
  lines: Array.from({ length: 8 }, (_, at) => {
    return { sku: `sku-${at}`, title: `a book of number ${at}`, quantity: at + 1, price: 1_250 + at, discount: null };
  }),
  total: 64_120,
  note: 'to be left with the neighbours when nobody is at home and answers the door, please',
};
const text = JSON.stringify(order);

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Each piece of work with one order after the other. */
function inTurn<Name extends string>(
  works: Readonly<Record<Name, (id: string) => unknown>>,
): Record<Name, () => unknown> {
  const entries = Object.entries<(id: string) => unknown>(works).map(([name, work]) => {
    let at = 0;
    return [name, () => work(ORDERS[(at = (at + 1) % ORDERS.length)] ?? '')];
  });
  return Object.fromEntries(entries) as Record<Name, () => unknown>;
}

async function filled(contend: Contend, size: number, held: readonly string[], value: object): Promise<Contender> {
  const contender = await contend(size, value);
  await contender.fill(held);
  return contender;
}

async function hits() {
  const texts = new Map(ORDERS.map((id) => [id, text]));
  const objects = new Map(ORDERS.map((id) => [id, JSON.parse(text) as object]));
  const us = await ours(10_000, order);
  await us.fill(ORDERS);
  const of = (contend: Contend): Promise<Contender> => filled(contend, 10_000, ORDERS, order);
  const others = {
    copying: await of(nestThatCopies),
    sharing: await of(nestThatShares),
    tagged: await of(bentocacheWithTags),
    untagged: await of(bentocacheWithoutTags),
    moleculer: await of(moleculer),
  };
  for (const { read } of [us, ...Object.values(others)]) deepEqual(await read('o-7'), order);
  collect();
  const taken = await medians(2_000, inTurn({
    ours: us.read,
    inStep: us.readInStep,
    executed: us.executeInStep,
    parsed: (id: string) => JSON.parse(texts.get(id) ?? '') as unknown,
    cloned: (id: string) => structuredClone(objects.get(id)),
    copying: others.copying.read,
    sharing: others.sharing.read,
    tagged: others.tagged.read,
    untagged: others.untagged.read,
    moleculer: others.moleculer.read,
  }), 60, processorTime); // prettier-ignore
  for (const { close } of [us, ...Object.values(others)]) await close();
  return taken;
}

/** Purges while so many answers are held, each a small one. */
async function purges(contend: Contend, sizes: readonly number[], calls: number, rounds: number): Promise<number[]> {
  const contenders: Contender[] = [];
  for (const size of sizes) contenders.push(await filled(contend, 2 * size, ids(size), { ok: true }));
  collect();
  const works = Object.fromEntries(contenders.map(({ purge }, at) => [String(at), purge]));
  const taken = await medians(calls, inTurn(works), rounds, processorTime);
  for (const { close } of contenders) await close();
  return sizes.map((_, at) => taken[String(at)] ?? NaN);
}

const read = await hits();
const [few = NaN, many = NaN, most = NaN] = await purges(ours, [1_000, 100_000, 1_000_000], 100, 50);
const bento = await purges(bentocacheWithTags, [1_000, 1_000_000], 100, 50);
const cleaned = await purges(moleculer, [1_000, 1_000_000], 1, 5);
const lookedFor = await purges(nestThatCopies, [1_000, 1_000_000], 1, 5);

const unit = 'µs';
const theirs = (name: string, [fewest = NaN, largest = NaN]: readonly number[]): Figure[] => [
  { name: `a purge with 1,000,000 held / ${name}`, value: most, unit, limit: largest },
  { name: `  theirs with 1,000,000 held / 1,000`, value: largest, unit, limit: fewest },
];
report('cache', [
  { name: 'hits a second / 100,000', value: 1_000_000 / read.ours, unit: 'hits', limit: 100_000, goal: '>= 1' },
  { name: 'a hit / a Map of texts and JSON.parse', value: read.ours, unit, limit: read.parsed },
  { name: 'a hit / a Map of objects and structuredClone', value: read.ours, unit, limit: read.cloned },
  { name: 'a hit / CacheInterceptor of Nest, with copies', value: read.ours, unit, limit: read.copying, goal: '<= 1' },
  { name: '… without: one object for all', value: read.ours, unit, limit: read.sharing, goal: '<= 1' },
  { name: 'a hit / a cached action of moleculer', value: read.ours, unit, limit: read.moleculer, goal: '<= 1' },
  { name: 'a hit / get of bentocache, three tags', value: read.ours, unit, limit: read.tagged },
  { name: '… without tags', value: read.ours, unit, limit: read.untagged },
  { name: 'a hit in a step / a handler that does nothing', value: read.inStep, unit, limit: read.executed },
  { name: 'a purge with 100,000 held / 1,000', value: many, unit, limit: few, goal: '<= 1.5' },
  { name: 'a purge with 1,000,000 held / 1,000', value: most, unit, limit: few, goal: '<= 1.5' },
  ...theirs('deleteByTag of bentocache', bento),
  ...theirs('clean of moleculer', cleaned),
  ...theirs('a look at every key of cache-manager', lookedFor),
]);
