import { deepStrictEqual } from 'node:assert/strict';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { DEFAULT_LIMITS, FORBIDDEN_KEYS } from '../../../libs/orchestrator/src/message/limits.js';
import { MessageCodec } from '../../../libs/orchestrator/src/message/message.codec.js';
import { PROTOCOL, type WorkflowMessage } from '../../../libs/orchestrator/src/message/workflow-message.js';

const codec = new MessageCodec(DEFAULT_LIMITS);

const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom(
    '\ud800',
    '\udfff\ud800',
    '\u0000',
    '\u2028',
    '"\\',
    '{{steps.a}}',
    '__proto__',
    'constructor',
    '1e999',
  ),
);
const word = text.filter((value) => value !== '');
const number = fc
  .oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.maxSafeInteger())
  .map((value) => value + 0);
const key = fc.oneof(
  text,
  fc.constantFrom('__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', '0', ''),
);
const objectOf = <T>(value: fc.Arbitrary<T>, name = key) =>
  fc.array(fc.tuple(name, value), { maxLength: 4 }).map((entries): Record<string, T> => Object.fromEntries(entries));

/** Any JSON value, with keys that objects have anyway. */
const { json } = fc.letrec<{ json: unknown }>((tie) => ({
  json: fc.oneof(
    { maxDepth: 4 },
    fc.oneof(text, number, fc.boolean(), fc.constant(null)),
    fc.array(tie('json'), { maxLength: 4 }),
    objectOf(tie('json')),
  ),
}));

const FIELDS = ['workflow_id', 'correlation_id', 'tenant_id', 'workspace_id', 'person_id', 'cookbook', 'current_step', 'attempt', 'position', 'protocol', 'lenient', 'epoch', 'redo', 'line', 'seq', 'hop_id', 'hops', 'expires_at', 'traceparent', 'tracestate', 'reply_to', 'secrets', 'carry', 'unroutable_since']; // prettier-ignore
const otherKey = key.filter((name) => !FIELDS.includes(name) && !FORBIDDEN_KEYS.has(name));
const id = fc.oneof(text, number);
const count = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER - 1 });
const recorded = fc.record(
  {
    attempt: fc.integer({ min: 1, max: 100 }),
    at: fc.integer(),
    outcome: fc.record({ kind: fc.constant('completed'), output: json }, { noNullPrototype: true }),
  },
  { noNullPrototype: true },
);
const moment = fc.integer({ min: Date.UTC(1, 0), max: Date.UTC(9999, 11, 31) });

const message: fc.Arbitrary<WorkflowMessage> = fc.record(
  {
    workflowId: word,
    correlationId: word,
    currentStep: word,
    cookbook: objectOf(json),
    epoch: count,
    redo: count,
    line: text,
    hops: count,
    tenantId: id,
    workspaceId: id,
    personId: id,
    attempt: count.map((n) => Math.max(n, 1)),
    position: fc.array(objectOf(json), { maxLength: 3 }).map((frames) => ({ frames })),
    protocol: fc.constant(PROTOCOL),
    lenient: fc.constant(true as const),
    seq: count,
    hopId: word,
    expiresAt: moment,
    unroutableSince: moment,
    traceparent: text,
    tracestate: text,
    replyTo: word,
    secrets: fc.array(
      text.map((pointer) => `/${pointer}`),
      { maxLength: 3 },
    ),
    carry: objectOf(recorded),
    rest: objectOf(json, otherKey).filter((rest) => Object.keys(rest).length > 0),
  },
  {
    noNullPrototype: true,
    requiredKeys: ['workflowId', 'correlationId', 'currentStep', 'cookbook', 'epoch', 'redo', 'line', 'hopId', 'hops'],
  },
);

describe('a round trip through the codec', () => {
  it('gives the same message, whatever texts, numbers and keys are in it', () => {
    fc.assert(
      fc.property(message, (before) => {
        // jest's own comparison is misled by keys such as `constructor`.
        deepStrictEqual(codec.decode(codec.encode(before)), before);
      }),
      { numRuns: 2_000 },
    );
  });

  it('gives the same text the second time, so a message that is merely moved stays as it is', () => {
    fc.assert(
      fc.property(message, (before) => {
        const body = codec.encode(before);
        expect(codec.encode(codec.decode(body))).toBe(body);
      }),
      { numRuns: 1_000 },
    );
  });
});
