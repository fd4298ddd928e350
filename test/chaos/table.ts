import type { Case, Result } from './case.js';

/** What each table shows, from left to right. */
const COLUMNS = {
  runs: ['runs', 'strikes', 'seen', 'lost', 'split', 'repeated', 'unexplained', 'wrong', 'failed', 'refused', 'left'],
  cache: ['reads', 'hits', 'changes', 'unacknowledged', 'strikes', 'old reads'],
} as const satisfies Readonly<Record<Case['about'], readonly string[]>>;

/** What was played, with the seconds that it took. */
export interface PlayedCase extends Result {
  readonly of: Case;
  readonly seconds: number;
}

/** One line of the console. */
export const lineOf = ({ of, row, problems, seconds }: PlayedCase): string =>
  [of.name, ...COLUMNS[of.about].flatMap((column) => (row[column] === undefined ? [] : [`${column} ${row[column]}`])), `${seconds} s`, problems.length === 0 ? 'ok' : `FAIL: ${problems.join(', ')}`].join(' · '); // prettier-ignore

/** The tables as Markdown, to be pasted into the pages. */
export function markdownOf(played: readonly PlayedCase[]): string {
  return (['runs', 'cache'] as const)
    .map((about) => ({ about, those: played.filter(({ of }) => of.about === about) }))
    .filter(({ those }) => those.length > 0)
    .map(({ about, those }) => tableOf(COLUMNS[about], those))
    .join('\n\n');
}

function tableOf(columns: readonly string[], played: readonly PlayedCase[]): string {
  const head = ['fault', ...columns];
  const rows = played.map(({ of, row }) => [of.name, ...columns.map((column) => numberOf(row[column]))]);
  const widths = head.map((name, at) => Math.max(...[[...head], ...rows].map((cells) => cells[at]?.length ?? 0), name.length)); // prettier-ignore
  const lineOfCells = (cells: readonly string[]): string => `| ${cells.map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0))).join(' | ')} |`; // prettier-ignore
  const rule = `| ${widths.map((width, at) => (at === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`;
  return [lineOfCells(head), rule, ...rows.map(lineOfCells)].join('\n');
}

const numberOf = (value: number | string | undefined): string =>
  typeof value === 'number' ? value.toLocaleString('en') : (value ?? '–');
