import { describe, expect, it } from '@jest/globals';
import { commandOf, USAGE } from '../../../src/failed/command.js';
import { MistakeError } from '../../../src/failed/mistake.error.js';
import { details, listOf } from '../../../src/failed/tables.js';
import type { FailedRunDetails } from '../../../src/runs/failed-run.views.js';

function mistakeOf(...args: string[]): string {
  try {
    commandOf(args);
  } catch (error) {
    if (error instanceof MistakeError) return error.message;
    throw error;
  }
  throw new Error(`${args.join(' ')} is a command.`);
}

describe('the commands of npm run failed', () => {
  it.each([
    ['list', { kind: 'list' }],
    ['show w-1', { kind: 'show', id: 'w-1' }],
    ['requeue w-1', { kind: 'requeue', id: 'w-1', changes: {} }],
    ['requeue w-1 --from order', { kind: 'requeue', id: 'w-1', changes: { from: 'order' } }],
    ['requeue --input={"n":1} w-1', { kind: 'requeue', id: 'w-1', changes: { input: { n: 1 } } }],
    ['requeue w-1 --input null', { kind: 'requeue', id: 'w-1', changes: { input: null } }],
  ])('%s', (line, command) => {
    expect(commandOf(line.split(' '))).toEqual(command);
  });

  it.each([
    '',
    'lost',
    'list all',
    'list --from order',
    'show',
    'show a b',
    'show a --input 1',
    'requeue',
    'requeue a b',
  ])('are told for "%s"', (line) => {
    expect(mistakeOf(...line.split(' '))).toBe(USAGE);
  });

  it('are told with what is wrong: an option that there is not, or that has no value', () => {
    expect(mistakeOf('requeue', 'a', '--form', 'order')).toMatch(/^.*--form.*\nusage: /);
    expect(mistakeOf('requeue', 'a', '--from')).toMatch(/^.*--from.*\nusage: /);
  });

  it('want JSON for an input', () => {
    expect(mistakeOf('requeue', 'a', '--input', '{amount: 1}')).toMatch(/^--input must be JSON: .+$/);
  });
});

const RUN: FailedRunDetails = {
  workflow_id: 'w-1',
  tenant_id: 'harbour-home',
  cookbook: 'order-to-cash',
  status: 'failed',
  error: {
    step_id: 'reservation',
    path: 'reservation',
    type: 'BUSINESS',
    code: 'OUT_OF_STOCK',
    status_code: 409,
    message: 'Warehouse north is short of trowel-willow, and nobody knows for how long it is going to be.',
    details: { skus: ['trowel-willow'] },
    source: 'handler',
    error_ref: null,
    reason: 'non_retryable_business',
    total_attempts: 1,
  },
  reached: ['order', 'reservation'],
  links: { status: '/runs/w-1', failure: '/failed-runs/w-1', requeue: '/failed-runs/w-1/requeue' },
};
const UNREAD: FailedRunDetails = { ...RUN, workflow_id: null, tenant_id: null, cookbook: null, error: null, reached: [], links: null }; // prettier-ignore

describe('the failed runs', () => {
  it('are listed in a table', () => {
    expect(listOf([RUN, UNREAD]).split('\n')).toEqual([
      '┌─────┬───────────────┬────────┬─────────────┬──────────────┐',
      '│ run │ cookbook      │ status │ at step     │ because of   │',
      '├─────┼───────────────┼────────┼─────────────┼──────────────┤',
      '│ w-1 │ order-to-cash │ failed │ reservation │ OUT_OF_STOCK │',
      '├─────┼───────────────┼────────┼─────────────┼──────────────┤',
      '│ –   │ –             │ failed │ –           │ –            │',
      '└─────┴───────────────┴────────┴─────────────┴──────────────┘',
    ]);
    expect(listOf([])).toBe('No run has failed.');
  });

  it('are shown one by one: what is known, within the columns, and what to type', () => {
    const text = details(RUN, { width: 80 });
    const shown = [
      'w-1',
      'harbour-home',
      'OUT_OF_STOCK (BUSINESS)',
      '{"skus":["trowel-willow"]}',
      'order, reservation',
    ];
    for (const word of shown) expect(text).toContain(word);
    const lines = text.split('\n');
    expect(lines.filter((line) => line.startsWith('│') && line.length > 80)).toEqual([]);
    expect(lines.at(-1)).toBe(
      'Try it again: npm run failed -- requeue w-1 [--from <a step it has reached>] [--input <json>]',
    );
  });

  it('are shown with what there is of them, and without advice where there is no id', () => {
    expect(details(UNREAD, { width: 80 }).split('\n')).toHaveLength(3);
  });
});
