import { inspect } from 'node:util';
import Table from 'cli-table3';
import { attemptsOf } from './attempts.js';
import type { RunEvent } from './stage.js';
import { stepTable } from './step-table.js';
import { INDENT, indent, type Style, wrap } from './style.js';

/** A run that has ended, as its timeline shows it. */
export interface RunReport {
  readonly workflowId: string;
  readonly cookbook: string;
  /** Whom it acts for: a tenant, and perhaps one person of it. */
  readonly caller: string;
  readonly description: string;
  readonly events: readonly RunEvent[];
  readonly ending: Ending;
  /** Whether it was to end so. */
  readonly asMeant: boolean;
  /** What an operator would do after a failure. */
  readonly advice?: string;
}

export type Ending =
  { readonly kind: 'completed'; readonly output: unknown } | { readonly kind: 'failed'; readonly failure: FailedStep };

/** What a person asks first of a failure. */
export interface FailedStep {
  readonly code: string | null;
  readonly message: string;
  readonly path?: string;
  readonly attempts?: number;
}

const OUTPUT_LINES = 18;

/** The timeline of one run: a title, a line for each attempt at a step, and what the run came to. */
export function renderTimeline(report: RunReport, style: Style): string {
  return [title(report, style), stepTable(attemptsOf(report.events), style), ending(report, style), ''].join('\n\n');
}

function title(
  { cookbook, caller, description, ending: { kind }, asMeant }: RunReport,
  { width, colors }: Style,
): string {
  const mark = kind === 'completed' ? '✔' : '✖';
  const paint = asMeant ? (kind === 'completed' ? colors.green : colors.yellow) : colors.red;
  const rule = '─'.repeat(Math.max(width - cookbook.length - caller.length - 4, 0));
  return `${paint(mark)} ${colors.bold(cookbook)} ${colors.dim(rule)} ${caller}\n${indent(colors.dim(wrap(description, width - INDENT)))}`;
}

function ending(report: RunReport, style: Style): string {
  return report.ending.kind === 'completed'
    ? output(report.ending.output, style)
    : failureBox(report.ending.failure, report, style);
}

/** The output of the run, as far as a glance needs it. */
function output(value: unknown, { width, colors }: Style): string {
  const text = inspect(value, {
    colors: colors.isColorSupported,
    breakLength: width - 4,
    compact: 3,
    depth: 3,
    maxArrayLength: 3,
    maxStringLength: width - 20,
  });
  const lines = text.split('\n');
  const more = lines.length - OUTPUT_LINES;
  const shown = more > 1 ? [...lines.slice(0, OUTPUT_LINES), colors.dim(`… ${more} more lines`)] : lines;
  return shown.map((line, i) => `${i === 0 ? '  → ' : '    '}${line}`).join('\n');
}

function failureBox(
  { code, message, path = '?', attempts = 1 }: FailedStep,
  { asMeant, advice }: RunReport,
  { width, colors }: Style,
): string {
  const table = new Table({
    style: { head: [], border: asMeant || !colors.isColorSupported ? [] : ['red'] },
    chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' },
    colWidths: [12, width - 17],
    wordWrap: true,
  });
  table.push(
    ['failed', `${colors.bold(code ?? 'an error without a code')}${asMeant ? ', as it was meant to' : ''}`],
    ['at step', `${path}, ${attempts === 1 ? 'first attempt' : `attempt ${attempts}`}`],
    ['because', message],
  );
  if (advice !== undefined) table.push(['what now', advice]);
  return indent(table.toString());
}
