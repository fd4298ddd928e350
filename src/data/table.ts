import { appendFileSync, existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Items by key. */
export interface Table<Item> {
  readonly size: number;
  get(key: string): Item | undefined;
  has(key: string): boolean;
  set(key: string, item: Item): unknown;
  keys(): IterableIterator<string>;
  values(): IterableIterator<Item>;
}

/**
 * A table in memory; with a folder, in a file of it, where it is found again after its process was killed, and where other
 * processes read it. One process writes to it.
 * @param items what it holds at first
 */
export function table<Item>(
  name: string,
  items: Iterable<readonly [string, Item]> = [],
  folder = process.env['SHOP_DATA'],
): Table<Item> {
  return folder === undefined ? new Map(items) : new FileTable(folder, name, items);
}

/** Every change of a table that is kept in a folder, in order: also those that a later one has replaced. */
export function changesOf<Item>(name: string, folder: string): (readonly [string, Item])[] {
  const file = fileOf(name, folder);
  return existsSync(file) ? linesOf(readFileSync(file)) : [];
}

/** A line of JSON for each change, written at once, and read again by all whose copy is behind. */
class FileTable<Item> implements Table<Item> {
  private readonly file: string;
  private readonly items: Map<string, Item>;
  /** Bytes of the file that `items` knows. */
  private known = 0;

  constructor(folder: string, name: string, items: Iterable<readonly [string, Item]>) {
    mkdirSync(folder, { recursive: true });
    this.file = fileOf(name, folder);
    this.items = new Map(items);
  }

  get size(): number {
    return this.current().size;
  }

  get(key: string): Item | undefined {
    return this.current().get(key);
  }

  has(key: string): boolean {
    return this.current().has(key);
  }

  set(key: string, item: Item): void {
    appendFileSync(this.file, `${JSON.stringify([key, item])}\n`);
  }

  keys(): IterableIterator<string> {
    return this.current().keys();
  }

  values(): IterableIterator<Item> {
    return this.current().values();
  }

  private current(): Map<string, Item> {
    const size = statSync(this.file, { throwIfNoEntry: false })?.size ?? 0;
    if (size === this.known) return this.items;
    const more = readFileSync(this.file).subarray(this.known);
    const whole = more.subarray(0, more.lastIndexOf('\n') + 1); // a line may still be on its way
    for (const [key, item] of linesOf<Item>(whole)) this.items.set(key, item);
    this.known += whole.length;
    return this.items;
  }
}

const fileOf = (name: string, folder: string): string => join(folder, `${name}.jsonl`);

const linesOf = <Item>(bytes: Buffer): [string, Item][] =>
  bytes
    .toString()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as [string, Item]);
