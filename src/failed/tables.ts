import Table from 'cli-table3';
import type { FailedRunDetails, FailedRunView } from '../runs/failed-run.views.js';
import { INDENT, type Style } from '../demo/style.js';

const NOTHING = '–';
const PLAIN = { head: [], border: [] };
const LABELS = 13;
const NO_RULES = { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' };

/** A line for each failed run: enough to choose one. */
export function listOf(runs: readonly FailedRunView[]): string {
  if (runs.length === 0) return 'No run has failed.';
  const table = new Table({ head: ['run', 'cookbook', 'status', 'at step', 'because of'], style: PLAIN });
  for (const { workflow_id, cookbook, status, error } of runs) {
    table.push([workflow_id, cookbook, status, error?.path, error?.code].map((cell) => cell ?? NOTHING));
  }
  return table.toString();
}

/** All that is kept of one failure, and what to type to try the run again. */
export function details(run: FailedRunDetails, { width }: Pick<Style, 'width'>): string {
  const table = new Table({
    style: PLAIN,
    chars: NO_RULES,
    colWidths: [LABELS, width - LABELS - INDENT - 1],
    wordWrap: true,
  });
  const { workflow_id, cookbook, tenant_id, status, error, reached } = run;
  const lines: readonly [string, string | number | null | undefined][] = [
    ['run', workflow_id],
    ['cookbook', cookbook],
    ['tenant', tenant_id],
    ['status', status],
    ['at step', error?.path],
    ['because of', error === null ? null : `${error.code ?? 'an error without a code'} (${error.type})`],
    ['message', error?.message],
    ['details', detailsText(error?.details)],
    ['attempts', error?.total_attempts],
    ['reached', reached.join(', ')],
  ];
  table.push(...lines.filter(([, value]) => value !== null && value !== undefined && value !== '').map((line) => [...line])); // prettier-ignore
  return workflow_id === null ? table.toString() : `${table.toString()}\n${advice(workflow_id, reached)}`;
}

function detailsText(details: unknown): string | null {
  const text = JSON.stringify(details ?? null);
  return ['null', '[]', '{}'].includes(text) ? null : text;
}

function advice(id: string, reached: readonly string[]): string {
  const from = reached.length > 1 ? ' [--from <a step it has reached>]' : '';
  return `Try it again: npm run failed -- requeue ${id}${from} [--input <json>]`;
}
