import { describe, expect, it } from '@jest/globals';
import { book, only, parse, problemsOf, task } from '../../support/cookbook-documents.js';

const strict = (document: unknown) => problemsOf(document, { references: 'strict' });
const one = (more: object) => book([task('a', more)]);
const root = (more: object) => book([task('a')], more);
const fork = (more: object) =>
  only({ type: 'fork_join', branches: { l: task('b') }, join: { strategy: 'all' }, ...more });
const wait = (more: object) => only({ type: 'wait', duration_ms: 1, ...more });

type Refusal = readonly [document: unknown, path: string, message: string, fix: string];

// prettier-ignore
const REFUSALS: readonly Refusal[] = [
  [one({ retires: { max_attempts: 3 } }), 'steps[0].retires', 'is no key of a step of type task', 'Did you mean "retry"?'],
  [one({ retries: 3 }), 'steps[0].retries', 'is no key of a step of type task', 'Did you mean "retry"?'],
  [one({ Retry: {} }), 'steps[0].Retry', 'is no key of a step of type task', 'Did you mean "retry"?'],
  [one({ timeout: 5 }), 'steps[0].timeout', 'is no key of a step of type task', 'Did you mean "timeout_ms"?'],
  [one({ timeOutMs: 5 }), 'steps[0].timeOutMs', 'is no key of a step of type task', 'Did you mean "timeout_ms"?'],
  [one({ inputs: {} }), 'steps[0].inputs', 'is no key of a step of type task', 'Did you mean "input"?'],
  [one({ mutate: true }), 'steps[0].mutate', 'is no key of a step of type task', 'Did you mean "mutates"?'],
  [wait({ duration: 1 }), 'steps[0].duration', 'is no key of a step of type wait', 'Did you mean "duration_ms"?'],
  [only({ type: 'foreach', iterator: '{{api_input.l}}', body: [task('b')], concurency: 2 }), 'steps[0].concurency', 'is no key of a step of type foreach', 'Did you mean "concurrency"?'],
  [only({ type: 'steps', steps: [task('b', { inptu: 1 })] }), 'steps[0].steps[0].inptu', 'is no key of a step of type task', 'Did you mean "input"?'],
  [root({ global_timeout: 9 }), 'global_timeout', 'is no key of a cookbook', 'Did you mean "global_timeout_ms"?'],
  [root({ timeout_ms: 9 }), 'timeout_ms', 'is no key of a cookbook', 'Did you mean "global_timeout_ms"?'],
  [root({ retry: {} }), 'retry', 'is no key of a cookbook', 'Did you mean "global_retry"?'],
  [root({ input: {} }), 'input', 'is no key of a cookbook', 'Did you mean "api_input"?'],
  [root({ inputSchma: {} }), 'inputSchma', 'is no key of a cookbook', 'Did you mean "input_schema"?'],
  [root({ concurrency: 2 }), 'concurrency', 'is no key of a cookbook', 'It belongs to a step of type foreach.'],
  [root({ workspace_id: 2 }), 'workspace_id', 'is no key of a cookbook', 'It belongs to a step.'],
  [one({ concurrency: 2 }), 'steps[0].concurrency', 'is no key of a step of type task', 'It belongs to a step of type foreach.'],
  [one({ max_attempts: 2 }), 'steps[0].max_attempts', 'is no key of a step of type task', 'It belongs to "retry".'],
  [one({ global_timeout_ms: 2 }), 'steps[0].global_timeout_ms', 'is no key of a step of type task', 'It belongs to a cookbook.'],
  [wait({ input: 1 }), 'steps[0].input', 'is no key of a step of type wait', 'It belongs to a step of type task.'],
  [fork({ strategy: 'all' }), 'steps[0].strategy', 'is no key of a step of type fork_join', 'It belongs to "join".'],
  [one({ retry: { max_attemps: 3 } }), 'steps[0].retry.max_attemps', 'is no key of "retry"', 'Did you mean "max_attempts"?'],
  [one({ retry: { attempts: 3 } }), 'steps[0].retry.attempts', 'is no key of "retry"', 'Did you mean "max_attempts"?'],
  [one({ retry: { delay: 3 } }), 'steps[0].retry.delay', 'is no key of "retry"', 'Did you mean "delay_ms"?'],
  [one({ retry: { jitter: true } }), 'steps[0].retry.jitter', 'is no key of "retry"', 'Its keys: max_attempts, delay_ms, backoff_multiplier, max_delay_ms.'],
  [root({ global_retry: { note: 1 } }), 'global_retry.note', 'is no key of "retry"', 'Its keys: max_attempts,'],
  [fork({ join: { strategy: 'all', on: 'x' } }), 'steps[0].join.on', 'is no key of "join"', 'Its keys: strategy.'],
  [root({ defaults: { name: 'x' } }), 'defaults.name', 'is no key of "defaults"', 'It belongs to a cookbook.'],
  [root({ delivery: { on_reslut: 'a' } }), 'delivery.on_reslut', 'is no key of "delivery"', 'Did you mean "on_result"?'],
  [one({ on_result: 'a' }), 'steps[0].on_result', 'is no key of a step of type task', 'It belongs to "delivery".'],
  [root({ defaults: { tenant: 'x' } }), 'defaults.tenant', 'is no key of "defaults"', 'Its keys: workspace_id.'],
];

describe('a key that seems meant and would be ignored', () => {
  it.each(REFUSALS)('is refused, alone, with what is meant or where it belongs: %j', (document, path, message, fix) => {
    expect(strict(document)).toEqual([{ path, message, found: expect.any(String), fix: expect.stringContaining(fix) }]);
  });

  it.each(REFUSALS)('is ignored in a lenient run, as the original ignored it: %j', (document) => {
    expect(problemsOf(document)).toEqual([]);
  });

  it('says how to keep it as a note', () => {
    expect(strict(one({ inputs: {} }))[0]?.fix).toBe(
      'Did you mean "input"? What is meant as a note may begin with "_".',
    );
  });
});

describe('a key of one’s own', () => {
  it.each([
    [
      'that resembles nothing',
      book([task('a', { note: 'n', 'x-owner': 'us', tags: [], id: 7 })], { $schema: 's', owner: 'us', 'x-y': 1 }),
    ],
    ['that tells a reader something', book([task('a', { name: 'Quote', description: 'd', metadata: { retries: 1 } })])],
    [
      'that begins with _, anywhere',
      book([task('a', { _inputs: 1, retry: { _why: 'slow' } }), { step_id: 'f', type: 'fork_join', branches: { l: task('b') }, join: { strategy: 'all', _n: 1 } }], { _retry: 1, _pointer: { next: 'a' }, defaults: { _n: 1 } }), // prettier-ignore
    ],
    ['in what is nobody else’s', book([task('a', { input: { retires: 1, timeout: 2 } })], { metadata: { input: 1 }, delivery: { retires: 1 }, api_input: { inputs: 1 } })], // prettier-ignore
    ['that only looks like what objects inherit', book([task('a', { toString: 1, constructor: 2 })])],
  ])('is kept: one %s', (_, document) => {
    expect(strict(document)).toEqual([]);
    expect(parse(document, { references: 'strict' })).toEqual(document);
  });

  it('on a step of no known type is not judged: the type is what is wrong', () => {
    const problems = strict(only({ type: 'loop', iterator: 'x', body: [], inputs: 1 }));
    expect(problems.map(({ path }) => path)).toEqual(['steps[0].type']);
  });
});
