import Table from 'cli-table3';
import type { Attempt } from './attempts.js';
import { clip, duration, paintService, type Style } from './style.js';

interface Column {
  readonly text: (attempt: Attempt) => string;
  readonly paint?: (text: string, attempt: Attempt) => string;
  readonly align?: 'right';
}

// prettier-ignore
const FRAMELESS = {
  top: '', 'top-left': '', 'top-mid': '', 'top-right': '', mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '',
  bottom: '', 'bottom-left': '', 'bottom-mid': '', 'bottom-right': '', left: '', middle: '', right: '',
};
const GAP = 2;
const INDENT = 2;
const WIDEST = { path: 30, bar: 40 };
const NARROWEST_BAR = 8;
/** Milliseconds without a step at work, from which on the table says that the run waits. */
const PAUSE = 300;

/** A line for each attempt, in columns: when, which step, where, whether it went well, a bar over the run's time, how long. */
export function stepTable(attempts: readonly Attempt[], style: Style): string {
  const columns = withBar(attempts, columnsOf(style), style);
  const table = new Table({
    chars: FRAMELESS,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': GAP },
    colAligns: columns.map(({ align }) => align ?? 'left'),
  });
  let busyUntil = 0;
  for (const attempt of attempts) {
    if (attempt.startMs - busyUntil >= PAUSE) table.push(pause(busyUntil, attempt.startMs, columns.length, style));
    busyUntil = Math.max(busyUntil, attempt.startMs + attempt.tookMs);
    table.push(columns.map(({ text, paint = (plain) => plain }) => paint(text(attempt), attempt)));
  }
  return table
    .toString()
    .split('\n')
    .map((line) => ' '.repeat(INDENT) + line.trimEnd())
    .join('\n');
}

function columnsOf({ colors }: Style): Column[] {
  return [
    { text: ({ startMs }) => `+${duration(startMs)}`, paint: colors.dim, align: 'right' },
    { text: ({ path }) => clip(path, WIDEST.path) },
    { text: ({ service }) => service, paint: (text, { service }) => paintService(text, service, colors) },
    { text: ({ operation }) => operation, paint: colors.dim },
    { text: mark, paint: (text, { outcome }) => colors[MARKS[outcome].color](text) },
    { text: ({ tookMs }) => duration(tookMs), align: 'right' },
  ];
}

const MARKS = {
  completed: { sign: '✔', color: 'green' },
  retrying: { sign: '↻', color: 'yellow' },
  failed: { sign: '✖', color: 'red' },
  running: { sign: '…', color: 'dim' },
} as const;

/** `✔`, `↻ 1/3 GATEWAY_UNAVAILABLE`, `✔ 3/3` */
function mark({ outcome, number, of, errorCode }: Attempt): string {
  const count = of > 1 ? ` ${number}/${of}` : '';
  return `${MARKS[outcome].sign}${count}${errorCode === null ? '' : ` ${errorCode}`}`;
}

/** Adds the bar in the columns that are left, if they are worth it. */
function withBar(attempts: readonly Attempt[], columns: readonly Column[], { width, colors }: Style): Column[] {
  const taken = columns.map(({ text }) => GAP + Math.max(0, ...attempts.map((attempt) => text(attempt).length)));
  const left = width - INDENT - taken.reduce((sum, each) => sum + each, 0);
  if (left < NARROWEST_BAR) return [...columns];

  const cells = Math.min(left, WIDEST.bar);
  const total = Math.max(1, ...attempts.map(({ startMs, tookMs }) => startMs + tookMs));
  const extent = ({ startMs, tookMs }: Attempt): { from: number; length: number } => {
    const length = Math.max(1, Math.round((tookMs / total) * cells));
    return { from: Math.min(Math.floor((startMs / total) * cells), cells - length), length };
  };
  const bar: Column = {
    text: () => ' '.repeat(cells),
    paint: (_, attempt) => {
      const { from, length } = extent(attempt);
      const filled = paintService('█'.repeat(length), attempt.service, colors);
      return `${colors.dim('·'.repeat(from))}${filled}${colors.dim('·'.repeat(cells - from - length))}`;
    },
  };
  return [...columns, bar];
}

function pause(from: number, until: number, columns: number, { colors }: Style): Table.Cell[] {
  const said = colors.dim(`⋯ the run waits, ${duration(until - from)}, and no service holds it`);
  return [
    { content: colors.dim(`+${duration(from)}`), hAlign: 'right' },
    { content: said, colSpan: columns - 1 },
  ];
}
