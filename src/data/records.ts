import { readFileSync } from 'node:fs';

/** The records of `<name>.json`, which the build copies beside this module, by their keys: a table in memory. */
export function records<Item>(name: string, keyOf: (item: Item) => string): Map<string, Item> {
  const items = JSON.parse(readFileSync(new URL(`./${name}.json`, import.meta.url), 'utf8')) as readonly Item[];
  return new Map(items.map((item) => [keyOf(item), item]));
}
