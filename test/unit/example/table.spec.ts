import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Counter } from '../../../src/data/counter.js';
import { records } from '../../../src/data/records.js';
import { changesOf, table } from '../../../src/data/table.js';
import { Effects } from '../../../src/effects.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'table-'));
});
afterEach(() => {
  delete process.env['SHOP_DATA'];
  rmSync(folder, { recursive: true });
});

describe('a table in a folder', () => {
  it('shows what another process writes, over what both began with', () => {
    const begun = Object.entries({ a: 1, b: 2 });
    const [writer, reader] = [table('numbers', begun, folder), table('numbers', begun, folder)];
    expect(reader.get('a')).toBe(1);
    writer.set('a', 10);
    writer.set('c', 3);
    expect([reader.get('a'), reader.has('c'), reader.size]).toEqual([10, true, 3]);
    expect([[...reader.keys()], [...reader.values()]]).toEqual([
      ['a', 'b', 'c'],
      [10, 2, 3],
    ]);
    expect([...writer.values()]).toEqual([10, 2, 3]);
  });

  it('is found again by the next process', () => {
    table('numbers', [], folder).set('a', 1);
    expect(table('numbers', [], folder).get('a')).toBe(1);
    expect(table('others', [], folder).get('a')).toBeUndefined();
  });

  it('reads a line when all of it is there, whatever characters it holds', () => {
    const reader = table<string>('texts', [], folder);
    const line = Buffer.from('["a","größer"]\n');
    const file = join(folder, 'texts.jsonl');
    for (const byte of line.subarray(0, -1)) {
      appendFileSync(file, Buffer.of(byte));
      expect(reader.get('a')).toBeUndefined();
    }
    appendFileSync(file, '\n["b","x"]\n');
    expect([reader.get('a'), reader.get('b')]).toEqual(['größer', 'x']);
  });

  it('keeps every change, so that what happened twice under one key is seen', () => {
    const charges = table<number>('charges', [], folder);
    expect(changesOf('charges', folder)).toEqual([]);
    charges.set('k', 1);
    charges.set('k', 2);
    expect(changesOf('charges', folder)).toEqual([
      ['k', 1],
      ['k', 2],
    ]);
  });
});

describe('a table without a folder', () => {
  it('is this one alone', () => {
    table('numbers').set('a', 1);
    expect(table('numbers').get('a')).toBeUndefined();
  });
});

describe('with SHOP_DATA', () => {
  it('an effect of a process that was killed has happened for the next one', () => {
    process.env['SHOP_DATA'] = folder;
    const [before, after] = [
      new Effects<{ readonly n: number }>('effects'),
      new Effects<{ readonly n: number }>('effects'),
    ];
    expect(before.once('k', () => ({ n: 1 }))).toEqual({ n: 1 });
    expect(after.once('k', () => ({ n: 2 }))).toEqual({ n: 1 });
  });

  it('a number is given once, also by the next process', () => {
    process.env['SHOP_DATA'] = folder;
    const numbers = new Counter('orders', 2_000);
    expect([numbers.next(), numbers.next(), new Counter('orders', 2_000).next()]).toEqual([2_001, 2_002, 2_003]);
    expect(new Counter('invoices').next()).toBe(1);
  });

  it('records are those of the example, and what has become of them', () => {
    process.env['SHOP_DATA'] = folder;
    const read = (): ReturnType<typeof records<{ readonly sku: string; readonly price_cents?: number }>> =>
      records('products', ({ sku }) => sku);
    read().set('mug-tide', { sku: 'mug-tide', price_cents: 1 });
    expect([read().get('mug-tide')?.price_cents, read().size]).toEqual([1, 200]);
  });
});
