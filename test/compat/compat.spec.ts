import { describe, expect, it } from '@jest/globals';
import { observe } from './adapter.js';
import { type Observation, readRecording, type RecordedCase } from './recorded.js';
import { examine, judge } from './verdict.js';

const recording = await readRecording();
const { cases, library, checker } = recording;
const undecided = (differences: ReturnType<typeof judge>): string[] =>
  differences.filter(({ decision }) => decision === undefined).map(({ text }) => text);

describe('the recorded behaviour of the original', () => {
  it.each(cases.map((of) => [of.name, of] as const))('is ours, unless decided otherwise: %s', async (_, of) => {
    expect(undecided(await examine(of, recording))).toEqual([]);
  });
});

describe('the check', () => {
  const one: RecordedCase = {
    name: 'one',
    category: 'task',
    services: ['alpha', 'beta'],
    cookbook: {
      version: '2.1.0',
      steps: [
        { step_id: 'a', type: 'task', service: 'alpha', operation: 'add', input: { a: 1, b: '{{api_input.n}}' } },
        {
          step_id: 'b',
          type: 'task',
          service: 'beta',
          operation: 'check_secret',
          input: { ref: 'r', value: 'secret' },
        },
      ],
    },
    api_input: { n: 2 },
    secret_markers: ['a secret'],
    expect: 'same',
    expected: [],
  };
  const failing: RecordedCase = {
    ...one,
    cookbook: {
      version: '2.1.0',
      steps: [{ step_id: 'a', type: 'task', service: 'alpha', operation: 'fail_validation', input: {} }],
    },
  };

  it.each<[string, Partial<Observation>]>([
    ['another end', { status: 'failed' }],
    ['a second end', { terminal_count: 2 }],
    ['an output that differs', { outputs: { a: { sum: '3' }, b: { ref: 'r', length: 6 } } }],
    ['an output that is missing', { outputs: { a: { sum: 3 } } }],
    ['another result', { api_output: { ref: 'r' } }],
    ['one attempt more', { attempts: { a: 2, b: 1 } }],
    ['a call that was not made', { invocations: [] }],
    ['an error where there was none', { error: { code: 'X' } as Observation['error'] & object }],
    ['a secret in a message', { leaks: ['workflow.completed>b'] }],
  ])('sees %s', async (_, planted) => {
    const [seen] = await observe(one, library);
    const expected: RecordedCase = { ...one, expected: seen === undefined ? [] : [seen] };
    expect(seen).toMatchObject({ status: 'completed', outputs: { a: { sum: 3 } }, attempts: { a: 1, b: 1 } });
    expect(judge(expected, seen === undefined ? [] : [seen], checker)).toEqual([]);
    expect(undecided(judge(expected, [{ ...seen, ...planted } as Observation], checker))).toHaveLength(1);
  });

  it.each([
    ['step_id', 'b'],
    ['type', 'BUSINESS'],
    ['code', null],
    ['status_code', 422],
    ['details', []],
    ['reason', 'max_retries_exceeded'],
    ['total_attempts', 2],
    ['source', 'engine'],
    ['message', 'another'],
  ])('sees an error whose %s differs', async (field, planted) => {
    const [seen] = await observe(failing, library);
    const expected: RecordedCase = { ...failing, expected: seen === undefined ? [] : [seen] };
    expect(seen?.error).toMatchObject({ step_id: 'a', code: 'INVALID_INPUT', source: 'handler' });
    const wrong = { ...seen, error: { ...seen?.error, [field]: planted } } as Observation;
    expect(undecided(judge(expected, [wrong], checker))).toEqual([expect.stringContaining(`error.${field}`)]);
  });

  it('sees a run that goes on where it should be refused, one that is not better, and one that never ends', async () => {
    const observations = await observe(one, library);
    const better: RecordedCase = {
      ...one,
      expect: 'better',
      better: { sequence: { 0: { outputs: { a: { sum: 4 } } } } },
    };
    expect(undecided(judge({ ...one, expect: 'refused' }, observations, checker))).toHaveLength(1);
    expect(undecided(judge(better, observations, checker))).toHaveLength(1);
    const stalled = observations.map((observation) => ({ ...observation, status: 'stalled' }));
    expect(undecided(judge({ ...one, expect: 'open' }, stalled, checker))).toHaveLength(1);
  });

  it('sees a case that cannot be run at all', async () => {
    const broken = { ...recording, library: { ...library, createLibrary: () => ({ handlers: null as never }) } };
    expect(undecided(await examine(one, broken))).toEqual([expect.stringContaining('could not be run')]);
  });
});
