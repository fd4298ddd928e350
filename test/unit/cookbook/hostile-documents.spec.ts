import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { book, parse, problemsOf, task } from '../../support/cookbook-documents.js';

const one = (more: object) => book([task('a', more)]);

describe('a hostile document', () => {
  const nested = (depth: number) => `${'{"version":"2.1.0","steps":['.repeat(depth)}${']}'.repeat(depth)}`;

  it('of ten thousand levels is refused, and does not exhaust the stack', () => {
    expect(problemsOf(JSON.parse(nested(10_000)))).toMatchObject([
      { path: '', message: 'cannot be sent as JSON', fix: expect.stringContaining('limits.depth (32)') },
    ]);
  });

  it('that holds itself is refused', () => {
    const document: { steps: unknown[] } = book([]) as never;
    document.steps.push(document);
    expect(problemsOf(document)).toMatchObject([{ message: 'cannot be sent as JSON' }]);
  });

  it('that is no JSON is refused', () => {
    expect(problemsOf(one({ input: { n: 1n } }))).toMatchObject([{ message: 'cannot be sent as JSON' }]);
  });

  it('with more values than allowed is refused', () => {
    expect(problemsOf(one({ input: Array.from({ length: 200_001 }, () => 0) }))).toMatchObject([
      { fix: expect.stringContaining('limits.nodes (200000)') },
    ]);
  });

  it('of as many broken steps as a message can hold is refused for their number, without looking at each', () => {
    const steps = Array.from({ length: 60_000 }, () => ({ x: 1 }));
    expect(problemsOf(book(steps))).toMatchObject([{ path: 'steps', found: 'an array of 60000' }]);
  });

  it('nested one group too deep is refused there', () => {
    const wrap = (depth: number): object =>
      depth === 0 ? task('leaf') : { step_id: `g${depth}`, type: 'steps', steps: [wrap(depth - 1)] };
    expect(problemsOf(book([wrap(8)]))).toEqual([]);
    expect(problemsOf(book([wrap(9)]))).toMatchObject([
      { path: `steps[0]${'.steps[0]'.repeat(9)}`, message: 'stands inside more steps than limits.nesting allows (8)' },
    ]);
  });

  it.each([
    [
      'at the root',
      '{"version":"2.1.0","steps":[{"step_id":"a","type":"wait","duration_ms":1}],"__proto__":{"name":5}}',
    ],
    [
      'on a step',
      '{"version":"2.1.0","steps":[{"step_id":"a","type":"wait","duration_ms":1,"__proto__":{"until":"x"}}]}',
    ],
    [
      'in an input',
      '{"version":"2.1.0","steps":[{"step_id":"a","type":"task","service":"s","operation":"o","input":{"__proto__":{"x":1}}}]}',
    ],
  ])('whose key __proto__ stands %s gives nothing by inheritance, and keeps the key as data', (_, json) => {
    const cookbook = parse(JSON.parse(json));
    expect(JSON.stringify(cookbook)).toBe(json);
    expect(Object.getPrototypeOf(cookbook)).toBe(Object.prototype);
  });

  it('may not inherit what a step must have', () => {
    const json = '{"version":"2.1.0","steps":[{"step_id":"a","__proto__":{"type":"wait","duration_ms":1}}]}';
    expect(problemsOf(JSON.parse(json))).toMatchObject([{ path: 'steps[0].type', message: 'is missing' }]);
  });
});

describe('a document that only JSON.stringify knows', () => {
  const giving = (value: unknown) => ({ ...book([task('a')]), toJSON: () => value });
  const deep = (depth: number): unknown => (depth === 0 ? [] : [deep(depth - 1)]);

  it.each([
    ['null', null, 'Its toJSON() gives null.'],
    ['a number', 5, 'Its toJSON() gives 5.'],
    ['a list', [1], 'Its toJSON() gives an array of 1.'],
    ['nothing', undefined, 'JSON'],
    ['what is too deep', { ...book([]), x: deep(60) }, 'limits.depth (32)'],
  ])('as %s is refused', (_, value, fix) => {
    expect(problemsOf(giving(value))).toMatchObject([
      { path: '', message: 'cannot be sent as JSON', fix: expect.stringContaining(fix) },
    ]);
  });

  it('and whose members throw when they are looked at is refused with what they threw', () => {
    const trap = { get name(): never { throw new TypeError('trap'); }, ...{} }; // prettier-ignore
    const lazy = Object.defineProperty({ version: '2.1.0', steps: [] }, 'name', {
      get: () => trap.name,
      enumerable: true,
    });
    expect(problemsOf(lazy)).toMatchObject([{ message: 'cannot be sent as JSON', fix: 'trap' }]);
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    expect(problemsOf({ version: '2.1.0', steps: [], metadata: proxy })).toMatchObject([
      { message: 'cannot be sent as JSON' },
    ]);
  });
});

describe('any JSON made of the words of the format', () => {
  const words = [
    'version', 'name', 'steps', 'step_id', 'id', 'type', 'service', 'operation', 'input', 'iterator', 'body', 'expression', 'cases',
    'default', 'branches', 'join', 'strategy', 'until', 'duration_ms', 'durationMs', 'retry', 'max_attempts', 'maxAttempts',
    'timeout_ms', 'input_schema', 'global_retry', 'defaults', 'delivery', 'on_result', '_system', 'api_input', '$ref', 'pattern',
    'properties', '__proto__', 'constructor', 'toString', '0', '', 'retires',
  ]; // prettier-ignore
  const texts = ['2.1.0', 'task', 'steps', 'foreach', 'switch', 'fork_join', 'wait', 'all', '{{api_input.x}}', '{{steps.a.output', '(', 'a', '#', '#/x', '']; // prettier-ignore
  const { json } = fc.letrec<{ json: unknown }>((tie) => ({
    json: fc.oneof(
      { maxDepth: 6, depthSize: 'small' },
      fc.constantFrom<unknown>(null, true, 0, -1, 1e308, 3, ...texts),
      fc.array(tie('json'), { maxLength: 3 }),
      fc.array(fc.tuple(fc.constantFrom(...words), tie('json')), { maxLength: 6 }).map((entries) => JSON.parse(`{${entries.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join()}}`) as unknown), // prettier-ignore
    ),
  }));
  const step = fc.tuple(fc.constantFrom(...texts), fc.array(fc.tuple(fc.constantFrom(...words), json), { maxLength: 6 }))
    .map(([type, entries]) => ({ step_id: 'a', ...Object.fromEntries(entries), type })); // prettier-ignore
  const documents = fc.tuple(fc.array(fc.oneof(step, json), { maxLength: 3 }), fc.array(fc.tuple(fc.constantFrom(...words), json), { maxLength: 4 }))
    .map(([steps, entries]) => ({ ...book(steps), ...Object.fromEntries(entries) })); // prettier-ignore

  it.each(['strict', 'lenient'] as const)(
    'is a cookbook or refused with places and fixes, in a %s run',
    (references) => {
      fc.assert(
        fc.property(fc.oneof(documents, json), (document) => {
          for (const problem of problemsOf(document, { references })) {
            expect(problem).toEqual({ path: expect.any(String), message: expect.any(String), found: expect.any(String), fix: expect.any(String) }); // prettier-ignore
          }
        }),
        { numRuns: 500 },
      );
    },
  );
});
