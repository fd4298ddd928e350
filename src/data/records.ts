import { readFileSync } from 'node:fs';

/** The records of `<name>.json`, which the build copies beside this module. Every call reads them anew. */
export function records<Item>(name: string): readonly Item[] {
  return JSON.parse(readFileSync(new URL(`./${name}.json`, import.meta.url), 'utf8')) as readonly Item[];
}
