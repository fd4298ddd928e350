import { describe, expect, it } from '@jest/globals';
import { compile, type ResolveOptions } from '../../../libs/orchestrator/src/references/template.js';
import { helpers, scopeOf } from './scope.js';

const scope = scopeOf({ api_input: { s: 'abc' }, index: 3 });
const strict: ResolveOptions = { mode: 'strict', helpers };
const lenient: ResolveOptions = { mode: 'lenient', helpers };

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

describe('a helper that changes what it is given', () => {
  const sorting = {
    sorted: (list: number[]) => list.sort((a, b) => a - b),
    reversed: (list: unknown[]) => list.reverse(),
    renamed: (customer: { name: string }) => Object.assign(customer, { name: 'changed' }),
  };
  const resolve = (template: unknown, input: unknown): unknown =>
    compile(template).resolve(scopeOf({ api_input: input }, { s: input }), {
      ...strict,
      helpers: { ...helpers, ...sorting },
    });

  it.each([
    ['{{sorted(api_input.list)}}', [1, 2, 3]],
    ['{{reversed(api_input.list)}}', [2, 1, 3]],
    ['{{reversed(steps.s.output.list)}}', [2, 1, 3]],
    ['{{renamed(api_input.deep.customer)}}', { name: 'changed' }],
    ['{{reversed(default(api_input.list))}}', [2, 1, 3]],
  ])('changes a copy: %s comes to the same at every attempt, and the run keeps its values', (template, expected) => {
    const input = { list: [3, 1, 2], deep: { customer: { name: 'Ada' } } };
    const before = structuredClone(input);
    expect([1, 2, 3].map(() => resolve(template, input))).toEqual([expected, expected, expected]);
    expect(input).toEqual(before);
  });

  it('changes nothing that stands beside the call', () => {
    const list = [3, 1, 2];
    expect(resolve(['{{reversed(api_input)}}', '{{api_input}}', '{{sorted(api_input)}}'], list)).toEqual([
      [2, 1, 3],
      [3, 1, 2],
      [1, 2, 3],
    ]);
  });

  it('cannot change where it is called from, and is told it anew by every call', () => {
    const told: unknown[] = [];
    const spying = { spy: (context: object) => { told.push(context); Reflect.set(context, 'step_id', 'forged'); return 1; } }; // prettier-ignore
    compile(['{{spy()}}', '{{spy()}}']).resolve(scope, { ...strict, helpers: spying });
    expect(told).toEqual([scope.context, scope.context]);
    expect(told[0]).not.toBe(told[1]);
    expect(scope.context.step_id).toBe('here');
    expect(Object.isFrozen(told[0])).toBe(true);
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
