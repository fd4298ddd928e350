import Table from 'cli-table3';
import { duration, indent, type Style } from '../demo/style.js';
import type { Ended } from './verdict.js';

const UNRULED = { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' };
const HEAD = ['cookbook', 'runs', 'completed', 'median', 'longest'];

/** A line for each cookbook: how many of its runs completed, and how long they took. */
export function renderRuns(runs: readonly (Ended & { readonly tookMs: number })[], { colors }: Style): string {
  const table = new Table({ head: HEAD.map((title) => colors.dim(title)), chars: UNRULED, style: { head: [], border: [] }, colAligns: ['left', 'right', 'right', 'right', 'right'] }); // prettier-ignore
  for (const cookbook of [...new Set(runs.map((run) => run.cookbook))].sort()) {
    const own = runs.filter((run) => run.cookbook === cookbook);
    const times = own.map(({ tookMs }) => tookMs).sort((a, b) => a - b);
    const completed = own.filter(({ ending }) => ending.kind === 'completed').length;
    const [median = 0, longest = 0] = [times[Math.floor(times.length / 2)], times.at(-1)];
    table.push([cookbook, own.length, completed, duration(median), duration(longest)]);
  }
  return indent(table.toString());
}
