import Table from 'cli-table3';

/** A measured value beside what bounds it, both from the same run on the same machine. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** What the same work costs at least, in the same unit. */
  readonly limit: number;
  /** What `value / limit` should be. `undefined`: whatever it is; it is there to compare. */
  readonly goal?: `<= ${number}` | `>= ${number}`;
}

/**
 * Prints a table for people, and as the last line of the output one JSON object for programs. A goal that is missed is
 * marked and fails nothing: a loaded machine is no regression.
 */
export function report(bench: string, figures: readonly Figure[]): void {
  const rows = figures.map((figure) => ({ ...figure, ratio: figure.value / figure.limit }));
  const table = new Table({ head: [bench, 'value', 'limit', 'ratio', 'goal'], style: { head: [], border: [] } });
  for (const { name, value, unit, limit, ratio, goal } of rows) {
    const mark = goal === undefined || meets(ratio, goal) ? '' : '  missed';
    table.push([name, `${rounded(value)} ${unit}`, `${rounded(limit)} ${unit}`, rounded(ratio), (goal ?? '–') + mark]);
  }
  console.log(table.toString());
  console.log(JSON.stringify({ bench, figures: rows }));
}

/**
 * Microseconds that a call of each piece of work takes: the median of its rounds. Every round does each piece `calls` times
 * (choose them so that a round takes some milliseconds), so that what slows the machine slows all of them. A promise is
 * waited for before the next call. The first round warms up and does not count.
 *
 * @param now in milliseconds. Default: what passes; `processorTime`: what this process takes of it
 *
 * @example
 * const { ours, json } = await medians(100, { ours: () => template.resolve(scope, options), json: () => JSON.parse(text) });
 */
export async function medians<Name extends string>(
  calls: number,
  works: Readonly<Record<Name, () => unknown>>,
  rounds = 25,
  now: () => number = () => performance.now(),
): Promise<Record<Name, number>> {
  const names = Object.keys(works) as Name[];
  const times = new Map<Name, number[]>(names.map((name) => [name, []]));
  for (let round = 0; round <= rounds; round += 1) {
    for (const name of names) {
      const start = now();
      await repeat(calls, works[name]);
      const perCall = ((now() - start) * 1_000) / calls;
      if (round > 0) times.get(name)?.push(perCall);
    }
  }
  return Object.fromEntries(names.map((name) => [name, median(times.get(name) ?? [])])) as Record<Name, number>;
}

/** Milliseconds of processor time that this process has taken, collecting garbage included: on a busy machine it says more. */
export function processorTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

async function repeat(calls: number, work: () => unknown): Promise<void> {
  for (let call = 0; call < calls; call += 1) {
    const done = work();
    if (done instanceof Promise) await done;
  }
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}

function meets(ratio: number, goal: NonNullable<Figure['goal']>): boolean {
  const bound = Number(goal.slice(2));
  return goal.startsWith('<=') ? ratio <= bound : ratio >= bound;
}

const rounded = (value: number): string => Number(value.toPrecision(3)).toLocaleString('en');
