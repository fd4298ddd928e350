import { describe, expect, it } from '@jest/globals';
import { compile, type ResolveOptions } from '../../../libs/orchestrator/src/references/template.js';
import { helpers, scopeOf } from './scope.js';

const scope = scopeOf(
  {
    api_input: {
      n: 7,
      zero: 0,
      s: 'abc',
      empty: '',
      yes: true,
      nil: null,
      o: { a: { b: 'deep' }, list: [1, [2]] },
      list: [{ id: 1 }, { id: 2 }],
      numbered: { '0': 'zero' },
      template: 'x {{api_input.n}} y',
    },
    index: 3,
    workflow_id: 'wf-1',
  },
  { quote: { total: 42 }, none: null, silent: undefined },
);
const lenient: ResolveOptions = { mode: 'lenient', helpers };
const strict: ResolveOptions = { mode: 'strict', helpers };

describe('a value that is exactly one reference', () => {
  it.each([
    ['{{api_input.n}}', 7],
    ['{{ api_input.zero }}', 0],
    ['{{api_input.s}}', 'abc'],
    ['{{api_input.empty}}', ''],
    ['{{api_input.yes}}', true],
    ['{{api_input.nil}}', null],
    ['{{api_input.o}}', { a: { b: 'deep' }, list: [1, [2]] }],
    ['{{api_input.o.a.b}}', 'deep'],
    ['{{api_input.o.list[1][0]}}', 2],
    ['{{api_input.list[1].id}}', 2],
    ['{{api_input.list.1.id}}', 2],
    ['{{api_input.list.length}}', 2],
    ['{{api_input.numbered[0]}}', 'zero'],
    ['{{context.workflow_id}}', 'wf-1'],
    ['{{steps.quote.output}}', { total: 42 }],
    ['{{steps.quote.output.total}}', 42],
    ['{{steps.none.output}}', null],
    ['{{upper(api_input.s)}}', 'ABC'],
    ['{{wrap(api_input.list[0])}}', { value: { id: 1 } }],
    ["{{default(api_input.nope, join('-', api_input.n))}}", '-7'],
  ])('%s keeps its type', (template, expected) => {
    expect(compile(template).resolve(scope, strict)).toEqual(expected);
  });
});

describe('a reference within a text', () => {
  it.each([
    ['{{api_input.n}} ', '7 '],
    ['a\n{{api_input.s}}\nb', 'a\nabc\nb'],
    ['{{api_input.s}}{{api_input.yes}}{{api_input.nil}}', 'abctruenull'],
    ['[{{api_input.empty}}]', '[]'],
    ['o={{api_input.o.list}}', 'o=[1,[2]]'],
    ['q={{steps.quote.output}}', 'q={"total":42}'],
    ['<{{wrap(index)}}>', '<{"value":3}>'],
  ])('%j is inserted as text, objects as JSON', (template, expected) => {
    expect(compile(template).resolve(scope, strict)).toBe(expected);
  });
});

describe('a structure', () => {
  it('is resolved at every depth, but for its keys', () => {
    const template = compile({ a: ['{{index}}', { '{{index}}': 'x{{index}}', c: null }], d: true, e: {} });
    expect(template.resolve(scope, strict)).toEqual({ a: [3, { '{{index}}': 'x3', c: null }], d: true, e: {} });
  });

  it('without references resolves to itself, and a missing input to nothing', () => {
    expect(compile({ a: [1] }).resolve(scope, strict)).toEqual({ a: [1] });
    expect(compile(undefined).resolve(scope, strict)).toBeUndefined();
  });

  it('keeps a key named __proto__ as a key, so that no input can change what its object inherits', () => {
    const input: unknown = JSON.parse('{"__proto__": {"a": "{{index}}"}, "b": {"__proto__": {"admin": true}}}');
    const resolved = compile(input).resolve(scope, strict) as { b: object };
    expect(JSON.stringify(resolved)).toBe('{"__proto__":{"a":3},"b":{"__proto__":{"admin":true}}}');
    expect(Object.getPrototypeOf(resolved)).toBe(Object.prototype);
    expect(Object.getPrototypeOf(resolved.b)).toBe(Object.prototype);
  });
});

describe('what a reference resolves to', () => {
  it('is data: a template within it stays text', () => {
    const data = scopeOf({ api_input: { template: '{{api_input.n}}', n: 7 } });
    const template = compile([
      '{{api_input.template}}',
      '{{api_input.template}}-{{api_input.n}}',
      '{{upper(api_input.template)}}',
    ]);
    expect(template.resolve(data, strict)).toEqual(['{{api_input.n}}', '{{api_input.n}}-7', '{{API_INPUT.N}}']);
  });

  it('is handed out as a copy, so that a handler which changes its input changes nothing else', () => {
    const data = { list: [{ id: 1 }] };
    const constant = { tags: ['new'] };
    const own = scopeOf({ api_input: data });
    const template = compile({ all: '{{api_input}}', same: '{{default(api_input.list)}}', constant });
    const first = template.resolve(own, strict) as {
      all: typeof data;
      same: { id: number }[];
      constant: typeof constant;
    };
    first.all.list.push({ id: 2 });
    first.same.push({ id: 3 });
    first.constant.tags.push('changed');
    expect(data).toEqual({ list: [{ id: 1 }] });
    expect(constant).toEqual({ tags: ['new'] });
    expect(template.resolve(own, strict)).toEqual({
      all: { list: [{ id: 1 }] },
      same: [{ id: 1 }],
      constant: { tags: ['new'] },
    });
  });

  it('is the very object where no copy is asked for', () => {
    const items = [{ id: 1 }];
    const template = compile('{{api_input}}');
    expect(template.resolveNow(scopeOf({ api_input: items }), { ...strict, copy: false })).toBe(items);
  });

  it.each([
    'api_input.constructor',
    'api_input.__proto__',
    'api_input.toString',
    'api_input.o.constructor.name',
    'api_input.list.map',
    'api_input.s.length',
    'api_input.s[0]',
    'api_input.s.constructor.name',
    'api_input.n.toFixed',
    'api_input.list[2]',
    'api_input.nil.a',
    'constructor',
    'toString',
    'steps.constructor.output',
    'steps.silent.output',
    'steps.quote',
    'steps.quote.input.a',
    'steps[0].output',
    'steps.output.total',
    'nothing.here',
    'context',
  ])('is nothing for %s: only own properties and indexes count', (path) => {
    expect(compile(`{{${path}}}`).resolve(scope, lenient)).toBe(`{{${path}}}`);
    expect(() => compile(`{{${path}}}`).resolve(scope, strict)).toThrow(
      expect.objectContaining({ code: 'REFERENCE_UNRESOLVED' }),
    );
  });

  it('may be a key that only looks inherited', () => {
    const company = scopeOf({ api_input: { constructor: 'ACME' } });
    expect(compile('{{api_input.constructor}}').resolve(company, strict)).toBe('ACME');
  });
});

describe('in a lenient run', () => {
  it.each([
    ['{{ api_input.nope }}', '{{ api_input.nope }}'],
    ['x {{api_input.nope}} {{api_input.n}}', 'x {{api_input.nope}} 7'],
    ['{{nothing()}}', '{{nothing()}}'],
    ['x {{nothing()}} y', 'x {{nothing()}} y'],
    ['{{api_input.n', '{{api_input.n'],
    ['{{api_input.n.}}', '{{api_input.n.}}'],
    ['{{{api_input.n}}}', '{{{api_input.n}}}'],
    ['{{}} {{api_input.n}}', '{{}} 7'],
    ['{{upper(api_input.s)) }}', '{{upper(api_input.s)) }}'],
    ['{{str.upper(api_input.s)}}', '{{str.upper(api_input.s)}}'],
  ])('%j stays as it was written where it says nothing', (template, expected) => {
    expect(compile(template).resolve(scope, lenient)).toBe(expected);
  });
});

describe('a template', () => {
  it('tells what it refers to before any run exists', () => {
    const template = compile({
      a: '{{steps.quote.output.total}} {{bad',
      b: ['{{default(api_input.x, later(steps[0]))}}', '{{later(1)}}'],
    });
    expect(template.isStatic).toBe(false);
    expect(template.references).toEqual([
      { kind: 'path', root: 'steps', step: 'quote', keys: ['total'] },
      { kind: 'path', root: 'api_input', keys: ['x'] },
      { kind: 'path', root: 'steps', keys: ['0'] },
    ]);
    expect(template.helpers).toEqual(['default', 'later']);
    expect(template.placeholders.map(({ source, expression }) => [source, expression.kind])).toEqual([
      ['{{steps.quote.output.total}}', 'path'],
      ['{{bad', 'malformed'],
      ['{{default(api_input.x, later(steps[0]))}}', 'call'],
      ['{{later(1)}}', 'call'],
    ]);
  });

  it.each([[undefined], ['a } b }}'], [{ '{{a}}': [1, 'b'] }]])(
    'is static when nothing in it refers to anything: %j',
    (value) => {
      expect(compile(value)).toMatchObject({ isStatic: true, references: [], helpers: [] });
    },
  );
});
