import { describe, expect, it } from '@jest/globals';
import { resolveExpression } from '../../../libs/orchestrator/src/references/expression.js';
import { helpers, scopeOf } from './scope.js';

const scope = scopeOf(
  {
    api_input: { mode: 'fast', zero: 0, no: false, nil: null, deep: { mode: 'slow' }, list: ['p', 'q'] },
    workflow_id: 'wf-1',
    index: 2,
    current: { id: 1 },
    delivery: { _result: {} },
    steps: { seen: 'by nobody' },
  },
  { quote: { kind: 'large' } },
);

describe.each(['strict', 'lenient'] as const)('the expression of a switch in a %s run', (mode) => {
  const valueOf = (text: string): unknown => resolveExpression(text, scope, { mode, helpers });

  it.each([
    ['{{api_input.mode}}', 'fast'],
    ['{{api_input.zero}}', 0],
    ['{{api_input.nil}}', null],
    ['{{api_input.deep}}', { mode: 'slow' }],
    ['{{upper(api_input.mode)}}', 'FAST'],
    ['is {{api_input.mode}}', 'is fast'],
  ])('%s is a template', (text, expected) => {
    expect(valueOf(text)).toEqual(expected);
  });

  it.each([
    ['$api_input.mode', 'fast'],
    ['$api_input.deep.mode', 'slow'],
    ['$api_input.nil', null],
    ['$steps.quote.output.kind', 'large'],
    ['$.workflow_id', 'wf-1'],
    ['$.api_input.list[1]', 'q'],
    ['$.steps.quote.output.kind', 'large'],
    ['$api_input.nope', undefined],
    ['$api_input.constructor', undefined],
    ['$steps.ghost.output', undefined],
    ['$.api_input.nope', undefined],
    ['$.', undefined],
  ])('%s is a path that may lead to nothing', (text, expected) => {
    expect(valueOf(text)).toEqual(expected);
  });

  it.each([
    ['api_input.mode', 'fast'],
    ['api_input.no', false],
    ['api_input.nil', null],
    ['api_input.list[0]', 'p'],
    ['context.api_input.mode', 'fast'],
    ['steps.quote.output.kind', 'large'],
  ])('%s is a path', (text, expected) => {
    expect(valueOf(text)).toEqual(expected);
  });

  it.each([
    ['v1.2', 'there is no "v1" here'],
    ['api_input.constructor', 'api_input has no "constructor"'],
    ['api_input.mod', 'Did you mean "mode"?'],
    ['$foo.bar', 'there is no "$foo" here'],
    ['a..b', 'it is no path, and a literal has no dot'],
    ['The end.', 'it is no path, and a literal has no dot'],
  ])('%s has a dot and leads to nothing: an error, in every run', (text, reason) => {
    expect(() => valueOf(text)).toThrow(expect.objectContaining({ code: 'REFERENCE_UNRESOLVED', step: 'here' }));
    expect(() => valueOf(text)).toThrow(reason);
  });

  it.each([
    ['workflow_id', 'wf-1'],
    ['index', 2],
  ])('%s is a field of the run', (text, expected) => {
    expect(valueOf(text)).toBe(expected);
  });

  it.each([
    'fast',
    'two words',
    '',
    'true',
    '$foo',
    '$',
    '{single}',
    'constructor',
    'api_input',
    'steps',
    'delivery',
    'current',
  ])('%j is a literal, whatever object is named so', (text) => {
    expect(valueOf(text)).toBe(text);
  });
});

describe('a template in an expression that resolves to nothing', () => {
  it('is an error in a strict run, text in a lenient one', () => {
    const nothing = '{{api_input.nope}}';
    expect(resolveExpression(nothing, scope, { mode: 'lenient', helpers })).toBe(nothing);
    expect(() => resolveExpression(nothing, scope, { mode: 'strict', helpers })).toThrow('api_input has no "nope"');
  });

  it('may not wait for a helper', () => {
    expect(() => resolveExpression('{{later(1)}}', scope, { mode: 'lenient', helpers })).toThrow(
      'answered with a promise',
    );
  });
});
