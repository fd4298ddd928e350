import type { Redis } from 'ioredis';

/** Commands in one pipeline, and names in one look of SCAN. */
const AT_ONCE = 1_000;

/** Keys that are only there, with short values: what a purge costs depends on how many there are, and not on how long they are. */
export class Bystanders {
  private count = 0;

  constructor(
    private readonly client: Redis,
    private readonly prefix: string,
  ) {}

  async growTo(count: number): Promise<void> {
    while (this.count < count) {
      const names = Array.from({ length: Math.min(AT_ONCE, count - this.count) }, () => this.nameOf(this.count++));
      await this.client.mset(names.flatMap((name) => [name, '1']));
    }
  }

  async clear(): Promise<void> {
    while (this.count > 0) {
      const names = Array.from({ length: Math.min(AT_ONCE, this.count) }, () => this.nameOf(--this.count));
      await this.client.unlink(names);
    }
  }

  private readonly nameOf = (at: number): string => `${this.prefix}${at}`;
}

/** The purge of who has no tags: every key is looked at, and those of the pattern go. */
export async function scanAndDelete(client: Redis, pattern: string): Promise<void> {
  let cursor = '0';
  do {
    const [next, names] = await client.scan(cursor, 'MATCH', pattern, 'COUNT', AT_ONCE);
    if (names.length > 0) await client.unlink(names);
    cursor = next;
  } while (cursor !== '0');
}

/** What a piece of work takes in the median, and what one who goes on asking waits meanwhile at worst but one in a hundred. */
export interface Disturbance {
  /** Microseconds. */
  readonly time: number;
  /** Microseconds. */
  readonly p99: number;
}

/** @param get of another connection, one after another */
export async function disturbance(
  times: number,
  work: () => Promise<unknown>,
  get: () => Promise<unknown>,
): Promise<Disturbance> {
  const [took, waited]: [number[], number[]] = [[], []];
  const working = new AbortController();
  const asking = (async () => {
    while (!working.signal.aborted) waited.push(await timeOf(get));
  })();
  for (let time = 0; time < times; time += 1) took.push(await timeOf(work));
  working.abort();
  await asking;
  return { time: quantile(took, 0.5), p99: quantile(waited, 0.99) };
}

async function timeOf(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) * 1_000;
}

const quantile = (values: readonly number[], share: number): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length * share)] ?? NaN;
