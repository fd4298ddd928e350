import { describe, expect, it } from '@jest/globals';
import { book, only, parse, problemsOf, task } from '../../support/cookbook-documents.js';

const one = (more: object) => book([task('a', more)]);
const group = (steps: unknown, more: object = {}) => only({ type: 'steps', steps, ...more });
const foreach = (more: object) => only({ type: 'foreach', iterator: '{{api_input.l}}', body: [task('b')], ...more });
const choice = (more: object) => only({ type: 'switch', expression: 'x', cases: {}, ...more });
const fork = (more: object) =>
  only({ type: 'fork_join', branches: { l: task('b') }, join: { strategy: 'all' }, ...more });
const delivered = (on_result: unknown) =>
  book([task('a'), { step_id: 'g', type: 'steps', steps: [task('b')] }, task('receipt')], { delivery: { on_result } });
const own = (key: string, value: unknown) => JSON.parse(`{${JSON.stringify(key)}:${JSON.stringify(value)}}`) as object;

type Refusal = readonly [what: string, document: unknown, path: string, message: string, found: string, fix: string];

// prettier-ignore
const REFUSALS: readonly Refusal[] = [
  ['no object', [], '', 'must be an object', 'an array of 0', 'Give an object with "version" and "steps".'],
  ['nothing', undefined, '', 'must be an object', 'nothing', 'Give an object with "version" and "steps".'],
  ['no version', { steps: [task('a')] }, 'version', 'is missing', 'nothing', 'Give the version of the format, "2.1.0".'],
  ['a version that is a number', book([task('a')], { version: 2.1 }), 'version', 'must be of type string', '2.1', 'Give the version'],
  ['a version that is none', book([task('a')], { version: 'latest' }), 'version', 'must match pattern', '"latest"', 'Give the version'],
  ['format 2.0', book([task('a')], { version: '2.0.0' }), 'version', 'is a format that is no longer read', '"2.0.0"', 'name every step by "step_id"'],
  ['format 1', book([task('a')], { version: '1.4' }), 'version', 'is a format that is no longer read', '"1.4"', 'Make "steps" an array'],
  ['a later format', book([task('a')], { version: '3.0.0' }), 'version', 'is a newer format than 2.x', '"3.0.0"', 'update nest-orchestrator'],
  ['no steps', { version: '2.1.0' }, 'steps', 'is missing', 'nothing', 'Give an array of at least one step.'],
  ['an empty list of steps', book([]), 'steps', 'must NOT have fewer than 1 items', 'an array of 0', 'Give an array of at least one step.'],
  ['steps that are an object, as in 2.0', book({ a: task('a') }), 'steps', 'is an object, as it was in format 2.0', 'an object', 'give each step its name as "step_id"'],
  ['a step that is null', book([null]), 'steps[0]', 'must be of type object', 'null', 'Give a step: an object with "step_id" and "type".'],
  ['id instead of step_id, as in 1.x', book([{ id: 'a', type: 'wait', duration_ms: 1 }]), 'steps[0].step_id', 'is missing; "id" was its name in format 1', 'nothing', 'Rename "id" to "step_id".'],
  ['no step_id', book([{ type: 'wait', duration_ms: 1 }]), 'steps[0].step_id', 'is missing', 'nothing', 'Give an id of letters, digits'],
  ['a step_id with a dot', book([task('a.b')]), 'steps[0].step_id', 'must match pattern', '"a.b"', 'Give an id of letters, digits'],
  ['a step_id that is a number', book([{ ...task('a'), step_id: 1 }]), 'steps[0].step_id', 'must be of type string', '1', 'Give an id of letters, digits'],
  ['a step_id of JavaScript', book([task('constructor')]), 'steps[0].step_id', 'is a name of JavaScript itself', '"constructor"', 'Choose another id.'],
  ['a step_id twice, however deep', book([task('a'), { step_id: 'g', type: 'steps', steps: [task('a')] }]), 'steps[1].steps[0].step_id', 'is the id at steps[0].step_id too', '"a"', 'Give one of the two another id.'],
  ['no type', book([{ step_id: 'a' }]), 'steps[0].type', 'is missing', 'nothing', 'Use one of task, steps, foreach, switch, fork_join, wait.'],
  ['a misspelt type', only({ type: 'fork-join' }), 'steps[0].type', 'is no type of step', '"fork-join"', 'Did you mean "fork_join"? Types: task, steps,'],
  ['a type that nothing resembles', only({ type: 'if' }), 'steps[0].type', 'is no type of step', '"if"', 'Types: task, steps,'],
  ['a type named like what objects inherit', only({ type: 'toString' }), 'steps[0].type', 'is no type of step', '"toString"', 'Types:'],
  ['a type that is no text', only({ type: 7 }), 'steps[0].type', 'must be one of "task"', '7', 'Use one of task'],
  ['dispatch', only({ type: 'dispatch' }), 'steps[0].type', 'is not supported yet', '"dispatch"', 'Use a task whose operation sends the request.'],
  ['a condition', one({ condition: 'a > 1' }), 'steps[0].condition', 'is not supported yet', '"a > 1"', 'Remove "condition"'],
  ['depends_on', one({ depends_on: ['b'] }), 'steps[0].depends_on', 'is not supported yet', 'an array of 1', 'Remove "depends_on"'],
  ['depends_on in camelCase', one({ dependsOn: ['b'] }), 'steps[0].depends_on', 'is not supported yet', 'an array of 1', 'Remove'],
  ['on_error, on a nested step', group([task('b', { on_error: { strategy: 'continue' } })]), 'steps[0].steps[0].on_error', 'is not supported yet', 'an object', 'Remove "on_error"'],
  ['handlers', book([task('a')], { handlers: {} }), 'handlers', 'is not supported yet', 'an object', 'Remove "handlers"'],
  ['a global error handler', book([task('a')], { globalErrorHandler: {} }), 'global_error_handler', 'is not supported yet', 'an object', 'Remove'],
  ['an on_result that is no text', delivered(1), 'delivery.on_result', 'must be of type string', '1', 'Give the id of the top-level step'],
  ['an on_result that is empty', delivered(''), 'delivery.on_result', 'must NOT have fewer than 1 characters', '""', 'Give the id of the top-level step'],
  ['an on_result that is the first step', delivered('a'), 'delivery.on_result', 'names the first step, before which there is nothing to deliver', '"a"', 'Name a later one of the top-level steps: g, receipt.'],
  ['an on_result that is a nested step', delivered('b'), 'delivery.on_result', 'names a step that stands inside another', '"b"', 'Name a later one of the top-level steps: g, receipt.'],
  ['an on_result that does not exist', delivered('reciept'), 'delivery.on_result', 'names a step that does not exist', '"reciept"', 'Did you mean "receipt"? Top-level steps after the first: g, receipt.'],
  ['an on_result in camelCase that does not exist', book([task('a')], { delivery: { onResult: 'x' } }), 'delivery.on_result', 'names a step that does not exist', '"x"', 'Top-level steps after the first: none.'],
  ['an on_result in both spellings', book([task('a'), task('b')], { delivery: { onResult: 'b', on_result: 'b' } }), 'delivery.onResult', 'says again what "on_result" says', '"b"', 'Remove "onResult".'],
  ['a task without service', book([{ step_id: 'a', type: 'task', operation: 'o' }]), 'steps[0].service', 'is missing', 'nothing', 'Give the service whose operation it is: a name'],
  ['a task without operation', book([{ step_id: 'a', type: 'task', service: 's' }]), 'steps[0].operation', 'is missing', 'nothing', 'Give the operation to run'],
  ['a service that no service can be called', one({ service: 'a b' }), 'steps[0].service', 'must match pattern', '"a b"', 'at most 100 letters'],
  ['a service whose name is too long', one({ service: 'x'.repeat(101) }), 'steps[0].service', 'must match pattern', `"${'x'.repeat(57)}..."`, 'at most 100 letters'],
  ['an empty operation', one({ operation: '' }), 'steps[0].operation', 'must match pattern', '""', 'Give the operation to run'],
  ['an operation that is a template', one({ operation: '{{api_input.op}}' }), 'steps[0].operation', 'must match pattern', '"{{api_input.op}}"', 'never a template'],
  ['mutates that is a text', one({ mutates: 'yes' }), 'steps[0].mutates', 'must be of type boolean', '"yes"', 'Say true when'],
  ['a workspace that is an object', one({ workspace_id: {} }), 'steps[0].workspace_id', 'must be of type string or number', 'an object', 'Give the workspace'],
  ['a timeout of nothing', one({ timeout_ms: 0 }), 'steps[0].timeout_ms', 'must be >= 1', '0', 'Give milliseconds'],
  ['a timeout that is a text', one({ timeoutMs: '5s' }), 'steps[0].timeout_ms', 'must be of type integer', '"5s"', 'Give milliseconds'],
  ['no attempt', one({ retry: { max_attempts: 0 } }), 'steps[0].retry.max_attempts', 'must be >= 1', '0', 'Give the number of attempts'],
  ['a back-off that shrinks', one({ retry: { backoff_multiplier: 0.5 } }), 'steps[0].retry.backoff_multiplier', 'must be >= 1', '0.5', 'Give what each delay is multiplied by'],
  ['a rule that is a number', book([task('a')], { global_retry: 3 }), 'global_retry', 'must be of type object', '3', 'Give an object with "max_attempts"'],
  ['steps without steps', group(undefined), 'steps[0].steps', 'is missing', 'nothing', 'Give an array of at least one step.'],
  ['steps with an empty list', group([]), 'steps[0].steps', 'must NOT have fewer than 1 items', 'an array of 0', 'Give an array'],
  ['a foreach with items and step', only({ type: 'foreach', items: 'x', step: task('b') }), 'steps[0].iterator', 'is missing', 'nothing', 'Give a reference to an array'],
  ['a foreach over a list that is written out', foreach({ iterator: [1] }), 'steps[0].iterator', 'must be of type string', 'an array of 1', 'Give a reference to an array'],
  ['a foreach whose body is one step', foreach({ body: task('b') }), 'steps[0].body', 'must be of type array', 'an object', 'Give an array of at least one step'],
  ['no lanes', foreach({ concurrency: 0 }), 'steps[0].concurrency', 'must be >= 1', '0', 'Give the number of lanes'],
  ['a switch without cases', choice({ cases: undefined }), 'steps[0].cases', 'is missing', 'nothing', 'Give an object of one step per case.'],
  ['a switch without expression', choice({ expression: undefined }), 'steps[0].expression', 'is missing', 'nothing', 'Give what selects the case'],
  ['a case that is a list', choice({ cases: { x: [task('b')] } }), 'steps[0].cases.x', 'is a list of steps, and a case is one step', 'an array of 1', '"type": "steps", "steps": [ … ] }'],
  ['a default that is a list', choice({ default: [task('b')] }), 'steps[0].default', 'is a list of steps', 'an array of 1', '"type": "steps", "steps": [ … ] }'],
  ['a delay longer than any run', one({ retry: { delay_ms: 604_800_001 } }), 'steps[0].retry.delay_ms', 'is longer than any run may live, in milliseconds (604800000)', '604800001', 'raise limits.lifetime'],
  ['a longest delay longer than any run, for all', book([task('a')], { globalRetry: { maxDelayMs: 1e12 } }), 'global_retry.max_delay_ms', 'is longer than any run may live', '1000000000000', 'raise limits.lifetime'],
  ['a timeout longer than any run', one({ timeout_ms: 604_800_001 }), 'steps[0].timeout_ms', 'is longer than any run may live', '604800001', 'raise limits.lifetime'],
  ['a default that is a text', choice({ default: 'b' }), 'steps[0].default', 'must be of type object', '"b"', 'Give a step'],
  ['a case of JavaScript', choice({ cases: own('__proto__', task('b')) }), 'steps[0].cases.__proto__', 'has a name of JavaScript itself', '"__proto__"', 'Choose another name.'],
  ['no branches', fork({ branches: {} }), 'steps[0].branches', 'must NOT have fewer than 1 properties', 'an object', 'Give an object of at least one branch'],
  ['branches that are a list', fork({ branches: [task('b')] }), 'steps[0].branches', 'must be of type object', 'an array of 1', 'Give an object of at least one branch'],
  ['an empty branch', fork({ branches: { l: [] } }), 'steps[0].branches.l', 'must NOT have fewer than 1 items', 'an array of 0', 'Give a value that the schema allows.'],
  ['a branch of JavaScript', fork({ branches: own('prototype', task('b')) }), 'steps[0].branches.prototype', 'has a name of JavaScript itself', '"prototype"', 'Choose another name.'],
  ['no join', fork({ join: undefined }), 'steps[0].join', 'is missing', 'nothing', 'Give { "strategy": "merge" }'],
  ['a join that is a text', fork({ join: 'merge' }), 'steps[0].join', 'must be of type object', '"merge"', 'Give { "strategy": "merge" }'],
  ['a custom join', fork({ join: { strategy: 'custom' } }), 'steps[0].join.strategy', 'must be one of "merge", "first", "last", "all"', '"custom"', 'Use "merge"'],
  ['a strategy in capitals', group([{ step_id: 'j', type: 'fork_join', branches: { l: task('b') }, join: { strategy: 'Merge' } }]), 'steps[0].steps[0].join.strategy', 'must be one of', '"Merge"', 'Use "merge"'],
  ['a wait for nothing', only({ type: 'wait' }), 'steps[0].duration_ms', 'is missing', 'nothing', 'Give milliseconds as a whole number, or "until" instead.'],
  ['a wait of both kinds', only({ type: 'wait', duration_ms: 1, until: '{{api_input.t}}' }), 'steps[0].duration_ms', 'is not allowed', '1', 'Give either "duration_ms" or "until".'],
  ['a wait until no moment', only({ type: 'wait', until: 'tomorrow' }), 'steps[0].until', 'must match pattern', '"tomorrow"', 'Give an RFC 3339 moment'],
  ['a wait backwards', only({ type: 'wait', duration_ms: -1 }), 'steps[0].duration_ms', 'must be >= 0', '-1', 'Give milliseconds'],
  ['a wait longer than any run', only({ type: 'wait', durationMs: 8 * 86_400_000 }), 'steps[0].duration_ms', 'is longer than the run may live, in milliseconds (604800000)', '691200000', 'Wait less'],
  ['a wait longer than this run', { ...only({ type: 'wait', duration_ms: 61 }), global_timeout_ms: 60 }, 'steps[0].duration_ms', 'is longer than the run may live, in milliseconds (60)', '61', 'Wait less'],
  ['a name that is empty', book([task('a')], { name: '' }), 'name', 'must NOT have fewer than 1 characters', '""', 'Give a text'],
  ['an input schema that is none', book([task('a')], { input_schema: { properties: { a: { type: 'txt' } } } }), 'input_schema.properties.a.type', 'must be one of "array", "boolean"', '"txt"', 'Give a value that the schema allows.'],
  ['an input schema that is a boolean', book([task('a')], { input_schema: true }), 'input_schema', 'must be of type object', 'true', 'Give a JSON Schema'],
  ['more attempts than allowed', one({ retry: { maxAttempts: 21 } }), 'steps[0].retry.max_attempts', 'is more than limits.attempts allows (20)', '21', 'Ask for fewer attempts'],
  ['more attempts than allowed, for all', book([task('a')], { global_retry: { max_attempts: 21 } }), 'global_retry.max_attempts', 'is more than limits.attempts allows (20)', '21', 'Ask for fewer'],
  ['more branches than allowed', fork({ branches: Object.fromEntries(Array.from({ length: 33 }, (_, i) => [`b${i}`, task(`b${i}`)])) }), 'steps[0].branches', 'has more branches than limits.branches allows (32)', '33', 'Use a foreach'],
  ['more steps than allowed, nested ones counted', group(Array.from({ length: 200 }, (_, i) => task(`b${i}`))), 'steps', 'hold more steps, nested ones included, than limits.steps allows (200)', 'an array of 1', 'Split the cookbook'],
];

describe('what is no cookbook', () => {
  it.each(REFUSALS)('is refused: %s', (_, document, path, message, found, fix) => {
    expect(problemsOf(document)).toContainEqual({
      path,
      message: expect.stringContaining(message),
      found,
      fix: expect.stringContaining(fix),
    });
  });

  it.each(REFUSALS)('is told once for each place: %s', (_, document) => {
    const places = problemsOf(document).map(({ path }) => path);
    const ofSteps = places.filter((path) => !path.startsWith('input_schema'));
    expect(new Set(ofSteps).size).toBe(ofSteps.length);
  });

  it('is refused with all its problems, of the type that each step says it is', () => {
    const problems = problemsOf(
      book(
        [
          { step_id: 'a', type: 'task', retry: { max_attempts: '3' } },
          { step_id: 'a', type: 'fork_join', branches: { 'x y': { step_id: 'b', type: 'wiat' } }, join: {} },
        ],
        { version: '2', condition: 'kept', description: 4 },
      ),
    );
    expect(problems.map(({ path }) => path).sort()).toEqual([
      'description',
      'steps[0].operation',
      'steps[0].retry.max_attempts',
      'steps[0].service',
      'steps[1].branches["x y"].type',
      'steps[1].join.strategy',
      'steps[1].step_id',
      'version',
    ]);
  });

  it('is refused with at most fifty problems', () => {
    expect(problemsOf(book(Array.from({ length: 199 }, () => ({}))))).toHaveLength(50);
  });

  it('names the cookbook and lists the problems, each with the fix', () => {
    expect(() => parse(book([{ step_id: 'a', type: 'wiat' }], { name: 'order' }))).toThrow(
      'Cookbook "order" is invalid:\n' +
        '  - steps[0].type is no type of step (found "wiat"). Did you mean "wait"? Types: task, steps, foreach, switch, fork_join, wait.',
    );
  });
});
