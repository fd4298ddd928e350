import { describe, expect, it } from '@jest/globals';
import { book, only, problemsOf, task } from '../../support/cookbook-documents.js';

const strict = (document: unknown) => problemsOf(document, { references: 'strict' });
const reading = (step_id: string, text: string) => task(step_id, { input: { v: text } });
const of = (step: string) => `{{steps.${step}.output.x}}`;
const handedOver = (...steps: object[]) => book([task('a'), ...steps], { delivery: { on_result: 'receipt' } });
const told = (text: string) => reading('receipt', text);

describe('references that resolve', () => {
  it.each([
    ['fields of the run', book([reading('a', '{{api_input.x}} {{workflow_id}} {{correlation_id}} {{step_id}}')])],
    ['the caller', book([reading('a', '{{tenant_id}}{{workspace_id}}{{context.person_id}}')])],
    ['an earlier step', book([task('a'), task('b'), reading('c', of('a'))])],
    [
      'an earlier step, in the argument of a helper',
      book([task('a'), reading('c', '{{upper(default(steps.a.output.x, "-"))}}')]),
    ],
    [
      'an earlier step, from inside a group',
      book([task('a'), { step_id: 'g', type: 'steps', steps: [reading('b', of('a'))] }]),
    ],
    ['a sibling in a group', only({ type: 'steps', steps: [task('b'), reading('c', of('b'))] })],
    [
      'a sibling in a branch',
      only({ type: 'fork_join', branches: { l: [task('b'), reading('c', of('b'))] }, join: { strategy: 'all' } }),
    ],
    [
      'the whole of an ended group',
      book([{ step_id: 'g', type: 'steps', steps: [task('b')] }, reading('c', '{{steps.g.output.results.b}}')]),
    ],
    [
      'the item, inside a foreach',
      only({ type: 'foreach', iterator: '{{api_input.l}}', body: [reading('b', '{{current.id}} {{index}}')] }),
    ],
    [
      'the item, in the iterator of a foreach within a foreach',
      only({
        type: 'foreach',
        iterator: '{{api_input.l}}',
        body: [{ step_id: 'i', type: 'foreach', iterator: '{{current}}', body: [task('b')] }],
      }),
    ],
    [
      'a path without braces, in an expression',
      book([task('a'), { step_id: 's', type: 'switch', expression: '$steps.a.output', cases: {} }]),
    ],
    ['a literal, in an expression', only({ type: 'switch', expression: 'literal', cases: {} })],
    ['the delivery, by the step that is told of it', handedOver(told('{{delivery._result.status}}'))],
    [
      'the delivery, inside that step',
      handedOver({ step_id: 'receipt', type: 'steps', steps: [reading('c', '{{delivery}}')] }),
    ],
    [
      'the delivery, inside a foreach',
      handedOver({
        step_id: 'receipt',
        type: 'foreach',
        iterator: '{{delivery._result.list}}',
        body: [reading('c', '{{delivery._result}}{{index}}')],
      }),
    ],
    ['the delivery, after that step', handedOver(task('receipt'), reading('c', '{{delivery._result.status}}'))],
    ['text that is no reference', book([reading('a', 'costs {5} and {6}')])],
  ])('are accepted: %s', (_, document) => {
    expect(strict(document)).toEqual([]);
  });
});

const fork = (branches: object) => ({ step_id: 'f', type: 'fork_join', branches, join: { strategy: 'all' } });

type Refusal = readonly [what: string, document: unknown, path: string, message: string, fix: string];

// prettier-ignore
const REFUSALS: readonly Refusal[] = [
  ['a step that does not exist', book([task('quote'), reading('b', of('quoet'))]), 'steps[1].input.v', 'refers to step "quoet", which does not exist', 'Did you mean "quote"? To be seen here: quote.'],
  ['a step that does not exist, and there is none', book([reading('a', of('x'))]), 'steps[0].input.v', 'refers to step "x", which does not exist', 'To be seen here: none.'],
  ['a step that comes later', book([reading('a', of('b')), task('b')]), 'steps[0].input.v', 'refers to step "b", which has no output that can be seen here', 'Refer to an earlier step of the same list or of one around it: none.'],
  ['the step itself', book([task('z'), reading('a', of('a'))]), 'steps[1].input.v', 'refers to step "a", which has no output', 'of one around it: z.'],
  ['the group that is not yet over', only({ type: 'steps', steps: [reading('b', of('a'))] }), 'steps[0].steps[0].input.v', 'refers to step "a", which has no output', 'none'],
  ['a step inside a group, from outside', book([{ step_id: 'g', type: 'steps', steps: [task('b')] }, reading('c', of('b'))]), 'steps[1].input.v', 'refers to step "b", which has no output', 'around it: g.'],
  ['a step of a sister branch', book([fork({ l: task('b'), r: [reading('c', of('b'))] })]), 'steps[0].branches.r[0].input.v', 'refers to step "b", which has no output', 'none'],
  ['a step of another case', only({ type: 'switch', expression: 'x', cases: { x: task('b'), y: reading('c', of('b')) } }), 'steps[0].cases.y.input.v', 'refers to step "b"', 'none'],
  ['a step by its position', book([task('a'), reading('b', '{{steps[0].output}}')]), 'steps[1].input.v', 'refers to a step in another way than steps.<step_id>.output', 'Write steps.<step_id>.output.'],
  ['an unknown root', book([reading('a', '{{api_imput.x}}')]), 'steps[0].input.v', 'refers to "api_imput", which does not exist here', 'Did you mean "api_input"?'],
  ['an unknown root, deep in an input', book([task('a', { input: { 'a b': [1, { c: 'x {{nope}}' }] } })]), 'steps[0].input["a b"][1].c', 'refers to "nope"', 'To be seen here: api_input,'],
  ['the item, outside a foreach', book([reading('a', '{{current}}')]), 'steps[0].input.v', 'refers to "current", which does not exist here', 'To be seen here: api_input'],
  ['the item, in the iterator itself', only({ type: 'foreach', iterator: '{{current}}', body: [task('b')] }), 'steps[0].iterator', 'refers to "current"', 'To be seen here'],
  ['the item by another name', only({ type: 'foreach', iterator: '{{api_input.l}}', body: [reading('b', '{{item.id}}')] }), 'steps[0].body[0].input.v', 'refers to "item"', 'Did you mean "current"?'],
  ['an iterator that is a text', only({ type: 'foreach', iterator: 'api_input.l', body: [task('b')] }), 'steps[0].iterator', 'is a text, which is no array', 'as in "{{api_input.items}}"'],
  ['an unknown root, in an expression', only({ type: 'switch', expression: '$.mode', cases: {} }), 'steps[0].expression', 'refers to "mode"', 'To be seen here'],
  ['a literal with a dot, which an expression takes for a path', only({ type: 'switch', expression: 'v1.2', cases: {} }), 'steps[0].expression', 'refers to "v1"', 'To be seen here'],
  ['an unknown step, in the template of an expression', only({ type: 'switch', expression: `x${of('b')}`, cases: {} }), 'steps[0].expression', 'refers to step "b", which does not exist', 'none'],
  ['an unknown step, in a moment', only({ type: 'wait', until: of('b') }), 'steps[0].until', 'refers to step "b", which does not exist', 'none'],
  ['the delivery, before it', handedOver(reading('b', '{{delivery._result}}'), task('receipt')), 'steps[1].input.v', 'refers to "delivery", which does not exist here', 'It can be seen by step "receipt", which "delivery.on_result" names, and by those after it.'],
  ['the delivery, where nobody is told of one', book([task('a'), reading('b', '{{delivery._result}}')]), 'steps[1].input.v', 'refers to "delivery", which does not exist here', 'Name the step that is told how the delivery went as "delivery.on_result".'],
  ['the result of the delivery by another name', handedOver(told('{{delivery.result.ok}}')), 'steps[1].input.v', 'refers to "delivery.result", which does not exist', 'Did you mean delivery._result.ok?'],
  ['a member of the result without it', handedOver(told('{{delivery.status}}')), 'steps[1].input.v', 'refers to "delivery.status", which does not exist', 'Did you mean delivery._result.status?'],
  ['what cannot be read', book([reading('a', 'x {{api_input.}} y')]), 'steps[0].input.v', 'holds what cannot be read: it is neither a path nor a call of a helper', 'Write {{a.path}} or {{helper(a.path)}}.'],
  ['braces that do not close', book([reading('a', '{{api_input.x')]), 'steps[0].input.v', 'holds what cannot be read: it has no closing braces', 'Write {{a.path}}'],
];

describe('references that no run can resolve', () => {
  it.each(REFUSALS)('are refused: %s', (_, document, path, message, fix) => {
    expect(strict(document)).toEqual([
      {
        path,
        message: expect.stringContaining(message),
        found: expect.stringMatching(/^"/),
        fix: expect.stringContaining(fix),
      },
    ]);
  });

  it.each(REFUSALS)('are text in a lenient run: %s', (_, document) => {
    expect(problemsOf(document)).toEqual([]);
  });

  it('are told with the names that can be seen, but not with hundreds of them', () => {
    const steps = Array.from({ length: 30 }, (_, index) => task(`step_${index}`));
    const [problem] = strict(book([...steps, reading('a', of('nowhere'))]));
    expect(problem?.fix).toMatch(/^To be seen here: step_0, .*, step_19, and 10 more\.$/);
  });

  it('are told beside what else is wrong with the document', () => {
    const problems = strict(book([task('a', { input: ['{{nope}}', of('b')], timeout_ms: 0 }), { step_id: 'b' }]));
    expect(problems.map(({ path }) => path)).toEqual(['steps[0].input[0]', 'steps[0].input[1]', 'steps[0].timeout_ms', 'steps[1].type']); // prettier-ignore
  });
});
