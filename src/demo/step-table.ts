import Table from 'cli-table3';
import type { Attempt } from './attempts.js';
import { clip, duration, INDENT, indent, paintService, type Style } from './style.js';

interface Column {
  readonly text: (attempt: Attempt) => string;
  readonly paint?: (text: string, attempt: Attempt) => string;
  readonly align?: 'right';
  /** Where the line is too long: how narrow the column may become before any other goes. Absent: it stays as it is. */
  readonly soft?: number;
  /** Where that was not enough: how narrow the column may become. 0: it may go. Absent: it stays as it is. */
  readonly least?: number;
}

// prettier-ignore
const FRAMELESS = {
  top: '', 'top-left': '', 'top-mid': '', 'top-right': '', mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '',
  bottom: '', 'bottom-left': '', 'bottom-mid': '', 'bottom-right': '', left: '', middle: '', right: '',
};
const GAP = 2;
const BAR = { least: 10, most: 40 };
/** Milliseconds without a step at work, from which on the table says that the run waits. */
const PAUSE = 300;

/** A line for each attempt, in columns: when, which step, where, whether it went well, how long, a bar over the run's time. */
export function stepTable(attempts: readonly Attempt[], style: Style): string {
  const room = style.width - INDENT;
  const told = columnsOf(style).filter(({ text }) => attempts.some((attempt) => text(attempt) !== ''));
  const columns = fitted(told, attempts, room - BAR.least);
  const cells = Math.min(room - widthOf(columns, attempts), BAR.most);
  columns.push(barOf(attempts, cells, style));
  const table = new Table({
    chars: FRAMELESS,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': GAP },
    colAligns: columns.map(({ align }) => align ?? 'left'),
  });
  let busyUntil = 0;
  let round = 0;
  for (const attempt of attempts) {
    const idleMs = attempt.startMs - busyUntil;
    if (attempt.round > round) table.push(remark(attempt.startMs, REQUEUED, columns.length, style));
    else if (idleMs >= PAUSE) table.push(remark(busyUntil, pause(idleMs), columns.length, style));
    round = attempt.round;
    busyUntil = Math.max(busyUntil, attempt.startMs + attempt.tookMs);
    table.push(columns.map(({ text, paint = (plain) => plain }) => paint(text(attempt), attempt)));
  }
  return indent(table.toString().replaceAll(/ +$/gm, ''));
}

function columnsOf({ colors }: Style): Column[] {
  return [
    { text: ({ startMs }) => `+${duration(startMs)}`, paint: colors.dim, align: 'right' },
    { text: ({ path }) => path, soft: 20, least: 7 },
    { text: ({ service }) => service, paint: (text, { service }) => paintService(text, service, colors) },
    { text: ({ operation }) => operation, paint: colors.dim, least: 0 },
    { text: mark, paint: (text, { outcome }) => colors[MARKS[outcome].color](text), least: 5 },
    { text: ({ tookMs }) => duration(tookMs), align: 'right' },
    { text: cached, paint: (text, { cache }) => colors[cache === 'hit' ? 'green' : 'dim'](text), soft: 22, least: 6 },
  ];
}

const MARKS = {
  completed: { sign: '✔', color: 'green' },
  retrying: { sign: '↻', color: 'yellow' },
  failed: { sign: '✖', color: 'red' },
  running: { sign: '…', color: 'dim' },
} as const;

/** `↻ 1/3 GATEWAY_UNAVAILABLE`, `✔ 3/3` */
function mark({ outcome, number, of, errorCode }: Attempt): string {
  const count = of > 1 ? ` ${number}/${of}` : '';
  return `${MARKS[outcome].sign}${count}${errorCode === null ? '' : ` ${errorCode}`}`;
}

/** `hit`, `miss`, `purge: order O-1`. Nothing where an answer is never cached. */
function cached({ cache, purged }: Attempt): string {
  if (purged.length > 0) return `purge: ${purged.join(', ')}`;
  return cache === null || cache === 'bypass' ? '' : cache;
}

/** The columns in no more than `room`: long texts are clipped a little; else some columns go, and of the others always the widest is clipped. */
function fitted(columns: readonly Column[], attempts: readonly Attempt[], room: number): Column[] {
  const lasting = columns.filter(({ least }) => least !== 0);
  const widths = clipped(columns, attempts, room, 'soft') ?? clipped(lasting, attempts, room, 'least') ?? [];
  return widths.map(({ column, width }) => ({ ...column, text: (attempt) => clip(column.text(attempt), width) }));
}

interface Sized {
  readonly column: Column;
  width: number;
}

/** As wide as there is room, none narrower than its `to` says. `undefined`: they do not fit; as narrow as they can be where that is all. */
function clipped(
  columns: readonly Column[],
  attempts: readonly Attempt[],
  room: number,
  to: 'soft' | 'least',
): Sized[] | undefined {
  const sized = columns.map((column) => ({ column, width: widest(column, attempts) }));
  for (let excess = widthOf(columns, attempts) - room; excess > 0; excess -= 1) {
    const clippable = sized.filter(({ column, width }) => width > (column[to] ?? Infinity));
    const [first] = clippable.sort((a, b) => b.width - a.width);
    if (first === undefined) return to === 'soft' ? undefined : sized;
    first.width -= 1;
  }
  return sized;
}

/** What columns take, with the gap behind each. */
const widthOf = (columns: readonly Column[], attempts: readonly Attempt[]): number =>
  columns.reduce((sum, column) => sum + widest(column, attempts) + GAP, 0);

const widest = ({ text }: Column, attempts: readonly Attempt[]): number =>
  Math.max(0, ...attempts.map((attempt) => text(attempt).length));

/** When in the run's time each attempt was at work, in so many cells. */
function barOf(attempts: readonly Attempt[], cells: number, { colors }: Style): Column {
  const total = Math.max(1, ...attempts.map(({ startMs, tookMs }) => startMs + tookMs));
  const paint = (_: string, { startMs, tookMs, service }: Attempt): string => {
    const length = Math.max(1, Math.round((tookMs / total) * cells));
    const from = Math.min(Math.floor((startMs / total) * cells), cells - length);
    const filled = paintService('█'.repeat(length), service, colors);
    return `${colors.dim('·'.repeat(from))}${filled}${colors.dim('·'.repeat(cells - from - length))}`;
  };
  return { text: () => '', paint };
}

const REQUEUED = '↺ requeued: it goes on with what it had come to';
const pause = (ms: number): string => `⋯ the run waits, ${duration(ms)}, and no service holds it`;

/** A line that tells of the run, between those of its attempts. */
function remark(ms: number, text: string, columns: number, { colors }: Style): Table.Cell[] {
  return [
    { content: colors.dim(`+${duration(ms)}`), hAlign: 'right' },
    { content: colors.dim(text), colSpan: columns - 1 },
  ];
}
