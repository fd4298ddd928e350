import { describe, expect, it } from '@jest/globals';
import { type Observation, readRecording, type RecordedCase } from './recorded.js';
import { judge } from './verdict.js';

const { checker } = await readRecording();
const SECRET = 'S3CR3T-value';

const observation: Observation = { status: 'completed', outputs: {}, attempts: {}, invocations: [], leaks: [] };
const call = (step_id: string, v: string): object => ({ service: 'alpha', operation: 'echo', step_id, input: { v } });

/** Whether each difference between what is expected and what was seen is decided. */
function decisions(
  expected: Partial<Observation>,
  seen: Partial<Observation>,
  more: Partial<RecordedCase> = {},
): boolean[] {
  const of: RecordedCase = {
    name: 'any',
    category: 'any',
    services: ['alpha'],
    secret_markers: [SECRET],
    expect: 'same',
    expected: [{ ...observation, ...expected }],
    ...more,
  };
  return judge(of, [{ ...observation, ...seen }], checker).map(({ decision }) => decision !== undefined);
}

describe('a decided difference', () => {
  it.each(['strict', 'set'] as const)('is a secret that a later step still gets, order %s', (invocation_order) => {
    const expected = [call('a', SECRET), call('b', '[REDACTED]')];
    const seen = [call('a', SECRET), call('b', SECRET)];
    const inItsOrder = invocation_order === 'set' ? seen.reverse() : seen;
    expect(
      decisions({ invocations: expected as never }, { invocations: inItsOrder as never }, { invocation_order }),
    ).toEqual([true]);
  });

  it("is a value that shares a secret's name and holds none", () => {
    expect(decisions({ outputs: { s: { value: '[REDACTED]' } } }, { outputs: { s: { value: 'x' } } })).toEqual([true]);
  });

  it('is no secret that is published, and no call of another kind', () => {
    const redacted = { outputs: { s: { value: '[REDACTED]' } } };
    expect(decisions(redacted, { outputs: { s: { value: SECRET } } })).toEqual([false]);
    expect(decisions(redacted, { outputs: { s: { value: 'x' }, t: 1 } })).toEqual([false]);
    expect(decisions(redacted, { outputs: {} })).toEqual([false]);
    const expected = [call('a', '[REDACTED]')];
    expect(decisions({ invocations: expected as never }, { invocations: [call('b', SECRET)] as never })).toEqual([
      false,
    ]);
  });

  it('is a leak in an event, or in a message that we do not send', () => {
    const expected = { leaks: ['monitoring:progress/completed>a', 'alpha.workflow>b', 'workflow.completed>b'] };
    expect(decisions(expected, { leaks: ['workflow.completed>b'] })).toEqual([true]);
  });

  it('is no leak of our own, and no other end of a run', () => {
    expect(decisions({ leaks: [] }, { leaks: ['workflow.completed>a'] })).toEqual([false]);
    expect(decisions({ leaks: ['monitoring:x>a'] }, { leaks: ['workflow.failed>a'] })).toEqual([false]);
    expect(decisions({ leaks: ['workflow.failed>a'] }, { leaks: [] })).toEqual([false]);
  });

  const refused = { status: 'failed', error: { kind: 'COOKBOOK_INVALID', source: 'engine' } } as Partial<Observation>;
  const task = (step_id: string): object =>
    JSON.parse(`{ "${step_id}": 1, "step_id": "${step_id}", "type": "task" }`) as object;

  it.each([
    ['a step', { steps: [task('constructor')] }],
    ['a case', { steps: [{ step_id: 's', type: 'switch', cases: { prototype: task('a') } }] }],
    ['a branch in a group', { steps: [{ steps: [{ branches: JSON.parse('{ "__proto__": {} }') as object }] }] }],
  ])('is the refusal of %s that is named like what every object inherits', (_, cookbook) => {
    const all = decisions({}, refused, { cookbook });
    expect([all.length > 0, all.every(Boolean)]).toEqual([true, true]);
  });

  it('is no refusal of any other cookbook, and no other end of this one', () => {
    expect(decisions({}, refused, { cookbook: { steps: [task('a')] } })).not.toContain(true);
    expect(decisions({}, { status: 'failed' }, { cookbook: { steps: [task('constructor')] } })).not.toContain(true);
  });

  it('is a call that is spared because its answer, an empty one, was cached; no other call', () => {
    const [null1, other] = [call('a', 'x'), call('b', 'y')];
    const expected = { invocations: [null1, other] as never, outputs: { a: null, b: 'told' } };
    const seen = (...invocations: object[]): Partial<Observation> => ({
      ...expected,
      invocations: invocations as never,
    });
    expect(decisions(expected, seen(other), { cache: true })).toEqual([true]);
    expect(decisions(expected, seen(null1), { cache: true })).toEqual([false]);
    expect(decisions(expected, seen(other), { cache: false })).toEqual([false]);
    expect(decisions(expected, seen(other, other), { cache: true })).toEqual([false]);
  });
});
