import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
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

describe('a helper', () => {
  it('is given its arguments and the place it is called from', () => {
    expect(compile('{{count(1, api_input.nope, upper("x"))}}').resolve(scope, strict)).toBe(3);
    expect(compile('{{where()}}').resolve(scope, strict)).toEqual({
      service: 'billing',
      step_id: 'here',
      workflow_id: 'wf-1',
    });
  });

  it('is given nothing for an argument that resolves to nothing: what that means is for it to say', () => {
    expect(compile("{{default(api_input.nope, 'd')}}").resolve(scope, strict)).toBe('d');
    expect(compile('{{typeOf(steps.later.output.x)}}').resolve(scope, strict)).toBe('undefined');
  });

  it.each(['constructor', 'hasOwnProperty', 'nosuch'])('%s that nobody registered is an error in every run', (name) => {
    for (const options of [strict, lenient]) {
      const call = (): unknown => compile(`{{upper(${name}(1))}}`).resolve(scope, options);
      expect(call).toThrow(expect.objectContaining({ code: 'HELPER_UNKNOWN', step: 'here', helper: name }));
    }
  });

  it('that is misspelt is met with the nearest name and all there are', () => {
    expect(() =>
      compile('{{uper(index)}}').resolve(scope, { ...strict, helpers: { upper: helpers['upper'] ?? String } }),
    ).toThrow('Step "here": there is no helper "uper". Did you mean "upper"? Registered in the option helpers: upper.');
    expect(() => compile('{{upper(index)}}').resolve(scope, { ...strict, helpers: {} })).toThrow(
      'Step "here": there is no helper "upper". Registered in the option helpers: none.',
    );
  });

  it('that throws fails the input, and what it threw is kept for whoever classifies it', () => {
    const cause = Object.assign(new Error('no rate'), { status: 400 });
    const failing = { ...lenient, helpers: { rate: (): never => { throw cause; } } }; // prettier-ignore
    expect(() => compile('{{rate()}}').resolve(scope, failing)).toThrow(
      expect.objectContaining({
        code: 'HELPER_FAILED',
        helper: 'rate',
        cause,
        message: 'Step "here": the helper "rate" failed: no rate',
      }),
    );
  });

  it.each([
    ['a cycle', (): unknown => { const answer: unknown[] = []; answer.push(answer); return answer; }], // prettier-ignore
    ['a bigint', (): unknown => 1n],
  ])('that answers with %s fails: a message could not carry it', (_, odd) => {
    expect(() => compile('{{odd()}}').resolve(scope, { ...strict, helpers: { odd } })).toThrow(
      expect.objectContaining({ code: 'HELPER_FAILED' }),
    );
  });

  it('that answers with a date gives its JSON', () => {
    const now = (): Date => new Date(0);
    expect(compile('{{now()}}').resolve(scope, { ...strict, helpers: { now } })).toBe('1970-01-01T00:00:00.000Z');
  });
});

describe('a helper that takes its time', () => {
  it('makes the input one that is waited for; without one nothing is', async () => {
    const input = compile({
      a: '<{{later(api_input.s)}}>',
      b: '{{join(later(api_input.s), "-", later("x"))}}',
      n: '{{index}}',
    });
    const resolved = input.resolve(scope, strict);
    expect(resolved).toBeInstanceOf(Promise);
    await expect(resolved).resolves.toEqual({ a: '<ABC>', b: 'ABC-X', n: 3 });
    expect(compile('{{upper(index)}}').resolve(scope, strict)).toBe('3');
  });

  it('is waited for before the next is asked, so that a failure leaves none behind', async () => {
    const asked: string[] = [];
    const rates = {
      slow: async (name: string): Promise<never> => {
        asked.push(name);
        await Promise.resolve();
        throw new Error('no rate');
      },
    };
    const resolved = compile(['{{slow("a")}}', '{{slow("b")}}']).resolve(scope, { ...strict, helpers: rates });
    await expect(resolved).rejects.toMatchObject({ code: 'HELPER_FAILED', helper: 'slow' });
    expect(asked).toEqual(['a']);
  });

  it('and answers with nothing is as any reference to nothing', async () => {
    const never = { ...strict, helpers: { later: () => Promise.resolve(undefined) } };
    await expect(compile('{{later()}}').resolve(scope, never)).rejects.toMatchObject({ code: 'REFERENCE_UNRESOLVED' });
    await expect(compile('{{later()}}').resolve(scope, { ...never, mode: 'lenient' })).resolves.toBe('{{later()}}');
  });

  it('fails where the value is needed at once, even if it would have failed later', () => {
    const doomed = { ...strict, helpers: { later: () => Promise.reject(new Error('late')) } };
    expect(() => compile('{{later()}}').resolveNow(scope, doomed)).toThrow(
      expect.objectContaining({
        code: 'HELPER_FAILED',
        helper: 'later',
        message: expect.stringContaining('a promise'),
      }),
    );
    expect(compile('{{upper(api_input.s)}}').resolveNow(scope, strict)).toBe('ABC');
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

describe('the limits of an input', () => {
  const limits = { references: 4, inputBytes: 100 };
  const refuse = (value: unknown, data: unknown): (() => unknown) => {
    return () => compile(value).resolve(scopeOf({ api_input: data }), { mode: 'lenient', helpers, limits });
  };

  it('count every path and every call, wherever they stand', () => {
    expect(refuse(['{{api_input}}', '{{count(api_input, api_input)}}'], 1)).not.toThrow();
    expect(refuse(['{{api_input}}', '{{count(api_input, api_input, api_input)}}'], 1)).toThrow(
      expect.objectContaining({ code: 'INPUT_TOO_LARGE', limit: 'references', allowed: 4, step: 'here' }),
    );
  });

  it('count the bytes of what it resolves to as JSON has them, to the byte', () => {
    const shapes = [
      '{{api_input}}',
      'é {{api_input}} {{api_input}}',
      { a: ['{{api_input}}', [{ é: '{{api_input}}' }]] },
    ];
    const long = fc.double({ noDefaultInfinity: true, noNaN: true });
    const text = fc.string({ unit: fc.constantFrom('x', 'é', '🐎', '"', '\\', '\n', '\u0000', '\ud800') });
    const data = fc.oneof(fc.jsonValue(), text, fc.array(long), fc.dictionary(text, fc.integer()), fc.array(text));
    fc.assert(
      fc.property(fc.constantFrom(...shapes), data, fc.integer({ min: -3, max: 3 }), (shape, value, excess) => {
        const template = compile(shape);
        const scope = scopeOf({ api_input: value });
        const bytes = Buffer.byteLength(JSON.stringify(template.resolve(scope, strict)));
        const resolve = (): unknown =>
          template.resolve(scope, { ...strict, limits: { references: 64, inputBytes: bytes - excess } });
        if (excess <= 0) expect(resolve).not.toThrow();
        else expect(resolve).toThrow(expect.objectContaining({ code: 'INPUT_TOO_LARGE', limit: 'inputBytes' }));
      }),
      { numRuns: 1_000 },
    );
  });

  it('hold for constants too', () => {
    expect(refuse({ a: 'x'.repeat(100) }, 1)).toThrow('its input exceeds limits.inputBytes (100)');
  });

  it('stop the copying, so that many references to one large value do not fill the memory', () => {
    let copied = 0;
    const data = {
      get large() {
        copied += 1;
        return 'x'.repeat(80);
      },
    };
    expect(refuse(['{{api_input}}', '{{api_input}}', '{{api_input}}'], data)).toThrow('limits.inputBytes');
    expect(copied).toBe(2);
  });
});
