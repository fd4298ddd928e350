import { readFileSync } from 'node:fs';
import { type Table, table } from './table.js';

/** The records of `<name>.json`, which the build copies beside this module, by their keys. */
export function records<Item>(name: string, keyOf: (item: Item) => string): Table<Item> {
  const items = JSON.parse(readFileSync(new URL(`./${name}.json`, import.meta.url), 'utf8')) as readonly Item[];
  return table(
    name,
    items.map((item) => [keyOf(item), item] as const),
  );
}
