import { Readable } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import { StreamableFile } from '@nestjs/common';
import fc from 'fast-check';
import { of } from 'rxjs';
import { answerIn, answerOf, type Entry, entryOf } from '../../../libs/orchestrator/src/cache/entry.js';
import { jsonOf } from '../../../libs/orchestrator/src/cache/json.js';
import type { Dependencies } from '../../../libs/orchestrator/src/cache/tags.js';

const NOW = Date.UTC(2030, 0);
const DEPENDENCIES: Dependencies = { tags: ['crm', 'crm/customer', 'crm/customer/7'], fixed: 2, collections: [] };
const ENTRY: Entry = { v: 1, json: '{"id":7}', tags: DEPENDENCIES.tags, tokens: ['a', 'b', 'c'], until: NOW + 1 };

describe('what a store gives back', () => {
  it('is an entry as it was stored', () => {
    expect(entryOf(ENTRY, DEPENDENCIES, NOW)).toEqual(ENTRY);
    expect(entryOf(JSON.parse(JSON.stringify(ENTRY)), DEPENDENCIES, NOW)).toEqual(ENTRY);
  });

  it('is one with other tags by input: the arguments said more than the input did', () => {
    const piped = { ...ENTRY, tags: ['crm', 'crm/customer', 'crm/customer/AB1'] };
    expect(entryOf(piped, DEPENDENCIES, NOW)).toEqual(piped);
  });

  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['a text', JSON.stringify(ENTRY)],
    ['a number', 7],
    ['a list', [ENTRY]],
    ['somebody else’s object', { value: 7 }],
    ['another version', { ...ENTRY, v: 2 }],
    ['no version', { ...ENTRY, v: undefined }],
    ['an answer that is no text', { ...ENTRY, json: { id: 7 } }],
    ['no answer', { ...ENTRY, json: undefined }],
    ['no tags', { ...ENTRY, tags: undefined }],
    ['an empty list of tags', { ...ENTRY, tags: [], tokens: [] }],
    ['tags that are no texts', { ...ENTRY, tags: ['crm', 'crm/customer', 7] }],
    ['no tokens', { ...ENTRY, tokens: null }],
    ['tokens that are no texts', { ...ENTRY, tokens: ['a', 'b', null] }],
    ['a token too few', { ...ENTRY, tokens: ['a', 'b'] }],
    ['a token too many', { ...ENTRY, tokens: ['a', 'b', 'c', 'd'] }],
    ['what its operation depended on before it was declared to depend on more', { ...ENTRY, tags: ['crm'], tokens: ['a'] }],
    ['what it depended on before it was declared to depend on one more instance', { ...ENTRY, tags: ['crm', 'crm/customer'], tokens: ['a', 'b'] }],
    ['other tags where they are the same for every input', { ...ENTRY, tags: ['crm', 'crm/order', 'crm/customer/7'] }],
    ['an entry that is too old', { ...ENTRY, until: NOW - 1 }],
    ['an entry that is too old by now', { ...ENTRY, until: NOW }],
    ['no end', { ...ENTRY, until: undefined }],
    ['an end that is no number', { ...ENTRY, until: '9999-01-01' }],
    ['an end that is none', { ...ENTRY, until: NaN }],
  ])('is none when it is odd: %s', (_, stored) => {
    expect(entryOf(stored, DEPENDENCIES, NOW)).toBeUndefined();
  }); // prettier-ignore

  it('never fails, whatever it is', () => {
    const odd = fc.anything({ withBigInt: true, withNullPrototype: true, withObjectString: true });
    const almost = fc.record({ v: fc.constant(1), json: odd, tags: odd, tokens: odd, until: odd });
    fc.assert(
      fc.property(fc.oneof(odd, almost), (stored) => {
        expect(entryOf(stored, DEPENDENCIES, NOW)).toBeUndefined();
      }),
    );
  });
});

describe('an answer as a text', () => {
  it.each([null, 0, '', false, [], {}, 'text', { a: [1, { b: null }] }, [[[]]], 'ž🐎'])(
    'comes back as it was, also where it is nothing much: %j',
    (value) => {
      const json = jsonOf(value);
      expect(json).toBeDefined();
      expect(answerIn(json ?? '')).toEqual({ value });
    },
  );

  it('comes back in a copy of one’s own', () => {
    const json = jsonOf({ lines: [1] }) ?? '';
    expect(answerIn(json)?.value).not.toBe(answerIn(json)?.value);
  });

  it('comes back whatever JSON it is', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(answerIn(jsonOf(value) ?? 'broken')).toEqual({ value: JSON.parse(JSON.stringify(value)) as unknown });
      }),
    );
  });

  it('is what JSON makes of dates and of classes, as whoever executes gets it', () => {
    class Money {
      constructor(readonly amount: number) {}
    }
    expect(jsonOf({ at: new Date(0), price: new Money(7), gone: undefined })).toBe(
      '{"at":"1970-01-01T00:00:00.000Z","price":{"amount":7}}',
    );
  });

  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['a function', () => 7],
    ['a symbol', Symbol('7')],
    ['a bigint', 7n],
    ['bytes', Buffer.from('abc')],
    ['an array of bytes', new Uint8Array([1, 2])],
    ['a buffer', new ArrayBuffer(2)],
    ['a map', new Map([['a', 1]])],
    ['a set', new Set([1])],
    ['a stream', Readable.from(['a'])],
    ['a stream of the web', new ReadableStream()],
    ['a blob', new Blob(['a'])],
    ['a response', new Response('a')],
    ['a file of Nest', new StreamableFile(Buffer.from('abc'))],
    ['an Observable', of(1)],
  ])('is none where JSON makes something else of it: %s', (_, value) => {
    expect(jsonOf(value)).toBeUndefined();
    expect(jsonOf([value, 1])).toBe(value === undefined ? '[null,1]' : undefined);
    expect(jsonOf({ deep: { down: value } })).toBe(value === undefined ? '{"deep":{}}' : undefined);
  });

  it('is none where it contains itself', () => {
    const value: Record<string, unknown> = {};
    value['self'] = value;
    expect(jsonOf(value)).toBeUndefined();
  });

  it('is none where it fails to say what it is', () => {
    const broken = {
      toJSON: () => {
        throw new Error('No.');
      },
    };
    expect(jsonOf({ broken })).toBeUndefined();
  });

  it.each(['', '{"id":', 'undefined', '{"a":1}{'])('is nothing where the text is broken: %j', (json) => {
    expect(answerIn(json)).toBeUndefined();
  });
});

describe('the answer of an entry', () => {
  const entry = (json: string): Entry => ({ ...ENTRY, json });
  const answers = (of: Entry, times: number): unknown[] => Array.from({ length: times }, () => answerOf(of)?.value);

  it('is the same however often it is asked for, whatever JSON it is', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const json = JSON.stringify(value);
        for (const answer of answers(entry(json), 3)) expect(answer).toEqual(JSON.parse(json));
      }),
    );
  });

  it.each([
    ['short', '{"a":{"b":[{"c":1}]}}'],
    ['long', JSON.stringify({ a: { b: [{ c: 1 }] }, long: 'x'.repeat(10_000) })],
  ])('is everybody’s own: what one does to his leaves the others as they were, when it is %s', (_, json) => {
    const one = entry(json);
    for (const answer of answers(one, 3)) {
      expect(answer).toEqual(JSON.parse(json));
      const { a } = answer as { a: { b: { c: number }[]; more?: boolean } };
      a.b.forEach((each) => (each.c = 2));
      a.b.push({ c: 3 });
      a.more = true;
    }
    expect(answerOf(one)?.value).toEqual(JSON.parse(json));
  });

  it('has the keys it was stored with, also those that objects have, and no other', () => {
    const json = '{"__proto__":{"polluted":true},"constructor":{"a":[null]},"toString":1}';
    for (const answer of answers(entry(json), 3)) {
      expect(JSON.stringify(answer)).toBe(json);
      expect(Object.getPrototypeOf(answer)).toBe(Object.prototype);
      expect((answer as { polluted?: boolean }).polluted).toBeUndefined();
    }
  });

  it('is there however deep it is', () => {
    const json = '['.repeat(2_048) + ']'.repeat(2_048);
    for (const answer of answers(entry(json), 2)) expect(JSON.stringify(answer)).toBe(json);
  });

  it('is none where its text is broken', () => {
    const broken = entry('{"id":');
    expect([answerOf(broken), answerOf(broken)]).toEqual([undefined, undefined]);
  });
});
