import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { compile, type ResolveOptions } from '../../../libs/orchestrator/src/references/template.js';
import { helpers, scopeOf } from './scope.js';

const strict: ResolveOptions = { mode: 'strict', helpers };

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
