import { describe, expect, it } from '@jest/globals';
import { Veil } from '../../../../libs/orchestrator/src/engine/secrets/veil.js';
import { InvalidInputError } from '../../../../libs/orchestrator/src/errors/invalid-input.error.js';
import { classifyError } from '../../../../libs/orchestrator/src/execution/error-classifier.js';
import { describe as shown } from '../../../../libs/orchestrator/src/utils/describe.js';
import { failure } from '../drive.js';

const SECRET = 'S3CR3T-value';
const veil = Veil.over([SECRET]);

describe('a veil', () => {
  it.each<[string, unknown[], string, string]>([
    ['a text within a text', [SECRET], `a ${SECRET}, ${SECRET}!`, 'a [REDACTED], [REDACTED]!'],
    ['texts at any depth of a value', [{ a: [{ b: 'deep-secret' }] }], 'a deep-secret', 'a [REDACTED]'],
    ['no text of seven characters', ['seven77'], 'seven77', 'seven77'],
    ['one of eight', ['eight888'], 'eight888', '[REDACTED]'],
    ['the longer of two, whole', ['secret-1', 'secret-1-and-more'], 'secret-1-and-more', '[REDACTED]'],
    ['two that overlap, as one', ['abcdefgh', 'efghijklmnop'], 'abcdefghijklmnop', '[REDACTED]'],
    ['two that touch', ['abcdefgh', 'ijklmnop'], 'abcdefghijklmnop', '[REDACTED][REDACTED]'],
    ['one that overlaps itself', ['abababab'], 'ababababab', '[REDACTED]'],
    ['letters of any script', ['пароль-密码-🔑'], 'is пароль-密码-🔑', 'is [REDACTED]'],
    ['half a character', ['secret-\ud800'], JSON.stringify('secret-\ud800'), '"[REDACTED]"'],
    ['a text as JSON within a text has it', ['say "hello"\n'], '{"v":"say \\"hello\\"\\n"}', '{"v":"[REDACTED]"}'],
    ['a number of eight digits', [12345678], 'no. 12345678', 'no. [REDACTED]'],
    ['no number within a value', [{ id: 12345678 }], 'no. 12345678', 'no. 12345678'],
    ['nothing of its own', ['REDACTED', '[REDACTED]'], 'a [REDACTED]', 'a [REDACTED]'],
    ['characters that mean something to patterns', ['$&.*+?^(){}|[]\\'], 'a $&.*+?^(){}|[]\\', 'a [REDACTED]'],
  ])('hides %s', (_, secrets, text, seen) => {
    expect(Veil.over(secrets).text(text)).toBe(seen);
  });

  it('hides keys of what a handler made, values at any depth, and numbers', () => {
    const made = { [SECRET]: [{ a: SECRET, b: 7, c: null, d: 4111111111111111 }] };
    expect(Veil.over([SECRET, 4111111111111111]).data(made)).toEqual({
      '[REDACTED]': [{ a: '[REDACTED]', b: 7, c: null, d: '[REDACTED]' }],
    });
    expect(JSON.stringify(veil.data(JSON.parse(`{"__proto__":"${SECRET}"}`)))).toBe('{"__proto__":"[REDACTED]"}');
  });

  it('is the same value where nothing is hidden', () => {
    const value = { a: [1, { b: 'x' }] };
    expect(veil.data(value)).toBe(value);
    expect(Veil.NONE.and([1, 'short', null, undefined, true])).toBe(Veil.NONE);
  });

  it('leaves holes', () => {
    const value = { a: [SECRET, { b: SECRET }], c: SECRET };
    expect(veil.value(value, { holes: [['a', null, 'b']] })).toEqual({ a: ['[REDACTED]', { b: SECRET }], c: '[REDACTED]' }); // prettier-ignore
    expect(veil.value(value, { holes: [[]] })).toBe(value);
  });

  it('hides a secret that an error message shortens', () => {
    const token = `${'ab'.repeat(30)}-and "so" on`;
    const error = new InvalidInputError('operation "o" of "s"', [{ path: '', message: 'is wrong', found: shown(token), fix: 'Fix it.' }]); // prettier-ignore
    const told = Veil.over([token]).failure(classifyError(error, 'handler'));
    expect(told.message).toContain('[REDACTED]');
    expect(told.message).not.toContain('abababab');
  });

  it('hides the beginning of a secret at which a long message was cut', () => {
    const told = classifyError(new Error(`${'x'.repeat(3_990)}${SECRET} and more`), 'handler');
    expect(told.message).toMatch(/S3CR3T-val…$/);
    expect(veil.failure(told).message).toMatch(/^x+\[REDACTED\]…$/);
  });

  it('hides nothing of a failure that says what kind it is', () => {
    const told = Veil.over(['BUSINESS', 'handler-step']).failure(failure({ step: 'handler-step', path: 'handler-step', code: 'BUSINESS' })); // prettier-ignore
    expect(told).toMatchObject({ type: 'BUSINESS', source: 'handler', step: 'handler-step', code: '[REDACTED]' });
  });
});
