import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import canonicalize from 'canonicalize';
import fc from 'fast-check';
import { of } from 'rxjs';
import { keyOf, type Question } from '../../../libs/orchestrator/src/cache/cache-key.js';
import type { Vary } from '../../../libs/orchestrator/src/operations/operation.js';

const QUESTION: Question = {
  namespace: 'orchestrator',
  service: 'crm',
  operation: 'get-customer',
  version: undefined,
  contextType: 'orchestrator',
  caller: { tenantId: 1, workspaceId: 2, personId: 3 },
  vary: 'person',
  input: { id: 7 },
};
const key = (change: Partial<Question> = {}): string | undefined => keyOf({ ...QUESTION, ...change });
const keyOfInput = (input: unknown): string | undefined => key({ input });

describe('the key of an answer', () => {
  it('says who asks what, and hides the rest in a hash', () => {
    expect(key()).toMatch(/^workflow:step:crm:get-customer:t1:w2:p3:[\w-]{43}$/);
    expect(key({ input: { card: '4111-1111' } })).not.toContain('4111');
  });

  it('is the same for the same question, whatever the order of its keys', () => {
    expect(key()).toBe(key());
    expect(keyOfInput({ a: 1, b: { c: 2, d: 3 } })).toBe(keyOfInput({ b: { d: 3, c: 2 }, a: 1 }));
    expect(keyOfInput([1, 2])).not.toBe(keyOfInput([2, 1]));
  });

  it.each<[string, Partial<Question>]>([
    ['another namespace', { namespace: 'staging' }],
    ['another service', { service: 'shop' }],
    ['another operation', { operation: 'get-customers' }],
    ['a version of the operation', { version: 1 }],
    ['another context: a hit skips what is around the handler there', { contextType: 'http' }],
    ['another tenant', { caller: { tenantId: 9, workspaceId: 2, personId: 3 } }],
    ['another workspace', { caller: { tenantId: 1, workspaceId: 9, personId: 3 } }],
    ['another person', { caller: { tenantId: 1, workspaceId: 2, personId: 9 } }],
    ['nobody', { caller: {} }],
    ['a person without a tenant', { caller: { workspaceId: 2, personId: 3 } }],
    ['ids in other places', { caller: { tenantId: 2, workspaceId: 1, personId: 3 } }],
    ['whoever shares it', { vary: 'workspace' }],
    ['another input', { input: { id: 8 } }],
    ['a text instead of a number', { input: { id: '7' } }],
    ['a tenant that is a text', { caller: { tenantId: '1', workspaceId: 2, personId: 3 } }],
    ['null instead of a field', { input: { id: 7, name: null } }],
    ['no input', { input: undefined }],
    ['another nesting', { input: { id: [7] } }],
    ['truth', { input: { id: true } }],
  ])('is another for %s', (_, change) => {
    expect(key(change)).toBeDefined();
    expect(key(change)).not.toBe(key());
  });

  it.each<Partial<Question>>([
    {},
    { version: '1"' },
    { caller: { tenantId: 'é\u2028' } },
    { input: { b: [1, -0], a: null } },
  ])('is the hash of the whole question as canonical JSON: %j', (change) => {
    const { namespace, service, operation, version, contextType, caller, vary, input } = { ...QUESTION, ...change };
    const who = [caller.tenantId ?? null, caller.workspaceId ?? null, caller.personId ?? null];
    const whole = canonicalize([namespace, 1, service, operation, version ?? null, contextType, vary, who, input]);
    const hash = createHash('sha256').update(String(whole)).digest('base64url');
    expect(key(change)?.endsWith(`:${hash}`)).toBe(true);
  });

  it('tells versions apart, as numbers and as texts', () => {
    expect(new Set([undefined, 1, '1', 2].map((version) => key({ version }))).size).toBe(4);
  });

  it.each<[Vary, alike: readonly string[]]>([
    ['person', []],
    ['workspace', ['personId']],
    ['tenant', ['personId', 'workspaceId']],
    ['none', ['personId', 'workspaceId', 'tenantId']],
  ])('is shared as vary says: %s', (vary, alike) => {
    for (const id of ['tenantId', 'workspaceId', 'personId']) {
      const same = key({ vary }) === key({ vary, caller: { ...QUESTION.caller, [id]: 99 } });
      expect([id, same]).toEqual([id, alike.includes(id)]);
    }
  });

  it('names nobody where everybody shares the answer', () => {
    expect(key({ vary: 'none' })).toMatch(/:t:w:p:[\w-]{43}$/);
    expect(key({ vary: 'tenant' })).toMatch(/:t1:w:p:[\w-]{43}$/);
  });

  it.each(['a:b', 'a b', 'a\nb', '*', 't?', '[a-z]', '{a}', 'a/b', 'ž🐎', '\u0000', '%', '"', "'; FLUSHALL"])(
    'has nothing raw of an odd id, or of an odd name: %j',
    (odd) => {
      for (const change of [{ caller: { tenantId: odd } }, { caller: { personId: odd } }, { operation: odd }]) {
        const odds = key(change) ?? '';
        expect(odds).toMatch(/^[\w:%.!'()~-]+$/);
        expect(odds.split(':')).toHaveLength(8);
      }
    },
  );

  it('stays short however long an id is, and tells long ones apart', () => {
    const [one, other] = ['a', 'b'].map((end) => key({ caller: { tenantId: 'x'.repeat(10_000) + end } }) ?? '');
    expect(one?.length).toBeLessThan(200);
    expect(one).not.toBe(other);
  });

  it.each<[string, unknown]>([
    ['a number that is none', NaN],
    ['an infinite number', { a: [Infinity] }],
    ['a bigint', { a: 1n }],
    ['half a character', { a: '\ud800' }],
    ['a function', { a: () => 1 }],
    ['a map', { a: new Map([[1, 2]]) }],
    ['a set', [new Set([1])]],
    ['bytes', { a: new ArrayBuffer(2) }],
    ['a stream of messages', of(1, 2)],
  ])('is none for what is no JSON: %s', (_, input) => {
    expect(keyOfInput(input)).toBeUndefined();
  });

  it('is none for an input that contains itself', () => {
    const input: Record<string, unknown> = {};
    input['self'] = input;
    expect(keyOfInput(input)).toBeUndefined();
  });

  it('is none where an id is no text that can be sent', () => {
    expect(key({ caller: { tenantId: '\ud800' } })).toBeUndefined();
  });

  it('is the same exactly for inputs that are the same JSON', () => {
    const value = fc.oneof(fc.jsonValue({ maxDepth: 3 }), fc.constantFrom(1, '1', [1], { a: 1 }, { a: '1' }, [], {}));
    const asJson = (input: unknown): unknown => JSON.parse(JSON.stringify(input));
    fc.assert(
      fc.property(value, value, (one, other) => {
        const same = isDeepStrictEqual(asJson(one), asJson(other));
        expect(keyOfInput({ in: one }) === keyOfInput({ in: other })).toBe(same);
        expect(keyOfInput({ in: one })).toBe(keyOfInput({ in: reversed(one) }));
      }),
      { numRuns: 500 },
    );
  });
});

/** The same JSON, with the keys of its objects the other way round. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).reverse();
  return Object.fromEntries(entries.map(([name, of]) => [name, reversed(of)]));
}
