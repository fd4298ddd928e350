import { describe, expect, it } from '@jest/globals';
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
