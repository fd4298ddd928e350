import { afterEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { OrchestratorError } from '../../../libs/orchestrator/src/errors/orchestrator.error.js';
import { DEFAULT_LIMITS } from '../../../libs/orchestrator/src/message/limits.js';
import { MessageCodec } from '../../../libs/orchestrator/src/message/message.codec.js';
import { error, wire } from './messages.js';

const codec = new MessageCodec(DEFAULT_LIMITS);
const MEGABYTE = 1_000_000;

describe('a hostile message', () => {
  afterEach(() => {
    expect(Object.keys(Object.prototype)).toEqual([]);
  });

  it.each([
    ['nothing', ''],
    ['a megabyte of open brackets', '['.repeat(MEGABYTE)],
    ['a megabyte of open objects', '{"a":'.repeat(MEGABYTE / 5)],
    ['half a message', JSON.stringify(wire()).slice(0, 40)],
    ['two messages', JSON.stringify(wire()).repeat(2)],
    ['a byte order mark', `\ufeff${JSON.stringify(wire())}`],
    ['null', 'null'],
    ['a list', JSON.stringify([wire()])],
    ['a number', '1e999'],
    ['a message that was encoded twice', JSON.stringify(JSON.stringify(wire()))],
  ])('is refused: %s', (_, body) => {
    expect(error(() => codec.decode(body))).toMatchObject({ code: 'MESSAGE_INVALID', field: 'body' });
  });

  it.each([
    ['lists', '['.repeat(MEGABYTE / 2) + ']'.repeat(MEGABYTE / 2)],
    ['objects', '{"a":'.repeat(MEGABYTE / 8) + '1' + '}'.repeat(MEGABYTE / 8)],
  ])('is refused before anything could recurse into it: a megabyte of nested %s', (_, deep) => {
    const body = JSON.stringify(wire({ pad: '*' })).replace('"*"', () => deep);
    expect(error(() => codec.decode(body))).toMatchObject({ code: 'LIMIT_EXCEEDED', limit: 'depth' });
  });

  it('is not quoted in the error, since it may hold secrets', () => {
    const body = '{"workflow_id":"w-1","card_number":4111-1111}';
    const refusal = error(() => codec.decode(body));
    expect(refusal.message).not.toMatch(/4111|card/);
    expect(refusal.cause).toBeUndefined();
  });

  it.each(['__proto__', 'constructor', 'prototype'])('is refused when a field of its envelope is named %s', (name) => {
    const body = JSON.stringify(wire({ pad: '*' })).replace('"pad"', `"${name}"`);
    expect(error(() => codec.decode(body))).toMatchObject({ code: 'MESSAGE_INVALID', field: name });
  });

  it('may have data under such names anywhere else: it stays data', () => {
    const data = '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}';
    const body = `{"workflow_id":"w","correlation_id":"c","current_step":"s","cookbook":${data},"carry":{"p":{"attempt":1,"at":1,"outcome":{"kind":"completed","output":${data}}}},"position":{"frames":[${data}]},"x":${data}}`;
    const message = codec.decode(body);
    expect(message.cookbook).not.toHaveProperty('polluted');
    expect(Object.getPrototypeOf(message)).toBe(Object.prototype);
    const copy = JSON.parse(codec.encode(message)) as Record<string, unknown>;
    const { p } = copy['carry'] as { p: { outcome: { output: unknown } } };
    for (const held of [copy['cookbook'], p.outcome.output, copy['x']]) expect(JSON.stringify(held)).toBe(data);
    expect(JSON.stringify(copy['position'])).toBe(`{"frames":[${data}]}`);
  });

  it('does not get fields from the prototype of its objects', () => {
    const body = '{"__proto__":{"workflow_id":"w"},"correlation_id":"c","current_step":"s","cookbook":{}}';
    expect(error(() => codec.decode(body))).toMatchObject({ code: 'MESSAGE_INVALID' });
    const inCookbook = '{"__proto__":{"_system":{"tenant_id":1}}}';
    expect(codec.decode(JSON.stringify(wire({ cookbook: '*' })).replace('"*"', () => inCookbook))).not.toHaveProperty('tenantId'); // prettier-ignore
  });

  it('cannot count with a number that is none: 1e999 reads as Infinity', () => {
    for (const field of ['seq', 'epoch', 'hops', 'tenant_id', 'attempt', 'protocol']) {
      const body = JSON.stringify(wire({ [field]: '*' })).replace('"*"', '1e999');
      expect(error(() => codec.decode(body)).code).toMatch(/^(MESSAGE_INVALID|PROTOCOL_TOO_NEW)$/);
    }
  });

  it('of two equal keys means the last, and is written with that one', () => {
    const body = `{"workflow_id":"first",${JSON.stringify(wire({ workflow_id: 'last' })).slice(1)}`;
    const message = codec.decode(body);
    expect(message.workflowId).toBe('last');
    expect(codec.encode(message)).not.toContain('first');
  });

  it('is decoded or refused with an error of ours, whatever JSON it is', () => {
    const field = fc.constantFrom('workflow_id', 'correlation_id', 'cookbook', 'current_step', 'position', 'seq', 'expires_at', 'tenant_id', '_x'); // prettier-ignore
    fc.assert(
      fc.property(fc.dictionary(field, fc.jsonValue()), (changes) => {
        try {
          codec.encode(codec.decode(JSON.stringify(wire(changes))));
        } catch (refusal) {
          expect(refusal).toBeInstanceOf(OrchestratorError);
        }
      }),
      { numRuns: 1_000 },
    );
  });

  it('is decoded or refused with an error of ours, whatever text it is', () => {
    const valid = JSON.stringify(wire({ position: { frames: [{ step: 'a' }] }, seq: 1 }));
    fc.assert(
      fc.property(fc.nat(valid.length), fc.nat(8), fc.string(), (at, length, put) => {
        try {
          codec.decode(valid.slice(0, at) + put + valid.slice(at + length));
        } catch (refusal) {
          expect(refusal).toBeInstanceOf(OrchestratorError);
        }
      }),
      { numRuns: 1_000 },
    );
  });
});
