import { describe, expect, it } from '@jest/globals';
import { scan } from '../../../libs/orchestrator/src/references/scanner.js';
import type { Expression } from '../../../libs/orchestrator/src/references/syntax.js';

/** The expression of a text that is one placeholder. */
function expressionOf(text: string): Expression {
  const [part, ...others] = scan(text);
  if (part === undefined || typeof part === 'string' || others.length > 0)
    throw new Error(`${text} is not one placeholder`);
  return part.expression;
}

describe('a text', () => {
  it.each([
    ['', ['']],
    ['plain', ['plain']],
    ['{ a } }} b', ['{ a } }} b']],
    ['{{a}}', [{ source: '{{a}}' }]],
    ['x {{a}}{{ b }} y', ['x ', { source: '{{a}}' }, { source: '{{ b }}' }, ' y']],
    ['{{a}}}', [{ source: '{{a}}' }, '}']],
    ['{{{a}}}', [{ source: '{{{a}}' }, '}']],
    ['{{a {{b}} {{c}}', [{ source: '{{a {{b}}' }, ' ', { source: '{{c}}' }]],
    ['{{a}} {{b', [{ source: '{{a}}' }, ' ', { source: '{{b' }]],
    ['{{f("}}")}} {{c}}', [{ source: '{{f("}}")}}' }, ' ', { source: '{{c}}' }]],
    ['{{f("}} {{c}}', [{ source: '{{f("}}' }, ' ', { source: '{{c}}' }]],
  ])('%j falls apart where its braces say so', (text, parts) => {
    expect(scan(text)).toMatchObject(parts);
    expect(
      scan(text)
        .map((part) => (typeof part === 'string' ? part : part.source))
        .join(''),
    ).toBe(text);
  });

  it('is read once, however often it returns', () => {
    expect(scan('read {{once}}')).toBe(scan(['read', '{{once}}'].join(' ')));
  });
});

describe('a path', () => {
  it.each([
    ['api_input', 'api_input', []],
    [' \n api_input.n\t', 'api_input', ['n']],
    ['api_input.a.b.c', 'api_input', ['a', 'b', 'c']],
    ['api_input.list[0][12].x', 'api_input', ['list', '0', '12', 'x']],
    ['api_input.list.0', 'api_input', ['list', '0']],
    ['api_input.key with space', 'api_input', ['key with space']],
    ['api_input.klíč', 'api_input', ['klíč']],
    ["api_input.it's (a, b)", 'api_input', ["it's (a, b)"]],
    ['str.upper(api_input)', 'str', ['upper(api_input)']],
    ['current[1]', 'current', ['1']],
    ['context.api_input.n', 'api_input', ['n']],
    ['context', 'context', []],
    ['a + 1', 'a + 1', []],
  ])('is read from {{%s}}', (text, root, keys) => {
    expect(expressionOf(`{{${text}}}`)).toEqual({ kind: 'path', root, keys });
  });

  it.each([
    ['steps.s1.output', 's1', []],
    ['steps.s-1.output.a[0]', 's-1', ['a', '0']],
    ['steps.0.output', '0', []],
    ['context.steps.s1.output.x', 's1', ['x']],
  ])('to an output names its step: {{%s}}', (text, step, keys) => {
    expect(expressionOf(`{{${text}}}`)).toEqual({ kind: 'path', root: 'steps', step, keys });
  });

  it.each([['steps'], ['steps.s1'], ['steps.s1.input.a'], ['steps[0].output.v'], ['steps.s1[0].output']])(
    'below steps that is not to an output names none: {{%s}}',
    (text) => {
      const expression = expressionOf(`{{${text}}}`);
      expect(expression).toMatchObject({ kind: 'path', root: 'steps' });
      expect(expression).not.toHaveProperty('step');
    },
  );

  it.each([
    [''],
    [' '],
    ['.a'],
    ['a.'],
    ['a..b'],
    ['a[]'],
    ['a[*]'],
    ['a[-1]'],
    ['a["b"]'],
    ['a[0'],
    ['a]'],
    ['a[0]b'],
    ['a}b'],
    ['context.'],
  ])('is not read from {{%s}}', (text) => {
    expect(expressionOf(`{{${text}}}`)).toMatchObject({ kind: 'malformed' });
  });
});

describe('a call', () => {
  const literal = (value: unknown): object => ({ kind: 'literal', value });
  const path = (root: string, ...keys: string[]): object => ({ kind: 'path', root, keys });
  const call = (helper: string, ...args: object[]): object => ({ kind: 'call', helper, args });

  it.each([
    ['f()', call('f')],
    ['  f( ) ', call('f')],
    ["f('a', \"it's\", '')", call('f', literal('a'), literal("it's"), literal(''))],
    ["f('  a ', '}}', '(', ',')", call('f', literal('  a '), literal('}}'), literal('('), literal(','))],
    ['f(0, -3, 1.5, 007)', call('f', literal(0), literal(-3), literal(1.5), literal(7))],
    ['f(true, false, null)', call('f', literal(true), literal(false), literal(null))],
    ['f(+1, 1e3, 0x1, undefined)', call('f', path('+1'), path('1e3'), path('0x1'), path('undefined'))],
    [`f(${'9'.repeat(400)})`, call('f', path('9'.repeat(400)))],
    ['f(constructor, toString)', call('f', path('constructor'), path('toString'))],
    ['f(api_input.a b, current[0])', call('f', path('api_input', 'a b'), path('current', '0'))],
    ['f(1, 2, )', call('f', literal(1), literal(2))],
    ['f(1,,2)', call('f', literal(1), literal(2))],
    ["f(g(a, h('x')), b)", call('f', call('g', path('a'), call('h', literal('x'))), path('b'))],
  ])('is read from {{%s}}', (text, expected) => {
    expect(expressionOf(`{{${text}}}`)).toEqual(expected);
  });

  it.each([
    ['f(a', 'must follow every argument'],
    ['f(a))', 'closing braces must follow'],
    ['f(a) b', 'closing braces must follow'],
    ["f('a)", 'a quote is not closed'],
    ["f('a' 'b')", 'must follow every argument'],
    ["f(it's)", 'must follow every argument'],
    ['f(a..b)', 'neither a literal, a path nor a call'],
    ['f(x (a))', 'must follow every argument'],
    ['f({a})', 'neither a literal, a path nor a call'],
  ])('is not read from {{%s}}, and the reason is told', (text, reason) => {
    const expression = expressionOf(`{{${text}}}`);
    expect(expression).toMatchObject({ kind: 'malformed', reason: expect.stringContaining(reason) });
  });

  it('may stand in calls 32 deep, not deeper: no text can exhaust the stack', () => {
    const nested = (depth: number): string => `{{${'f('.repeat(depth)}${')'.repeat(depth)}}}`;
    expect(expressionOf(nested(32))).toMatchObject({ kind: 'call' });
    expect(expressionOf(nested(33))).toMatchObject({ kind: 'malformed', reason: 'calls are nested deeper than 32' });
    expect(expressionOf(nested(10_000))).toMatchObject({ kind: 'malformed' });
  });
});

describe('a hostile text', () => {
  const hostile: readonly (readonly [name: string, unit: string, end?: string])[] = [
    ['opening braces', '{{'],
    ['opening braces that one pair closes', '{{', '}}'],
    ['placeholders', '{{a}}'],
    ['placeholders without an end', '{{a'],
    ['calls without an end', '{{f('],
    ['calls that end in an open quote', "{{f('}}"],
    ['quotes of both kinds in turn', `{{f("}}{{f('}}`],
    ['quotes that close in the next call', `{{f('",'}}`],
    ['arguments that hold calls', `'{{f(',`, ')}}'],
    ['paths', 'a.', '}}'],
    ['indexes', '[0]', '}}'],
    ['brackets', '[', '}}'],
    ['commas', ',', '}}'],
  ];

  /** The best of several times of each, in milliseconds, taken in turn: what is not the machine's doing. */
  function times(...works: readonly (() => void)[]): number[] {
    const rounds = Array.from({ length: 9 }, () =>
      works.map((work) => {
        const start = performance.now();
        work();
        return performance.now() - start;
      }),
    );
    return works.map((_, at) => Math.min(...rounds.map((round) => round[at] ?? Infinity)));
  }

  it.each(hostile)('of %s takes time in proportion to its length, not to its square', (_, unit, end = '') => {
    const text = (units: number): string => `{{f(${unit.repeat(units)}${end}`;
    const pieces = Array.from({ length: 16 }, () => text(1_000));
    const whole = text(16_000);
    const [apart = 0, together = Infinity] = times(
      () => {
        pieces.forEach(scan);
      },
      () => scan(whole),
    );
    // As much text in one piece. It would take 16 times the time if that grew with the square.
    expect(together).toBeLessThan(6 * apart + 1);
  });
});
