import { describe, expect, it } from '@jest/globals';
import { InvalidMessageError } from '../../../libs/orchestrator/src/errors/invalid-message.error.js';
import { LimitExceededError } from '../../../libs/orchestrator/src/errors/limit-exceeded.error.js';
import { MessageTooLargeError } from '../../../libs/orchestrator/src/errors/message-too-large.error.js';
import { ProtocolTooNewError } from '../../../libs/orchestrator/src/errors/protocol-too-new.error.js';
import { DEFAULT_LIMITS } from '../../../libs/orchestrator/src/message/limits.js';
import { MessageCodec } from '../../../libs/orchestrator/src/message/message.codec.js';
import { error, wire } from './messages.js';

const codec = new MessageCodec(DEFAULT_LIMITS);
const decode = (envelope: object) => codec.decode(JSON.stringify(envelope));

describe('decoding a message of the original', () => {
  it('takes the envelope without any field of ours, and gives what has a default its default', () => {
    expect(decode(wire())).toStrictEqual({
      workflowId: 'w-1',
      correlationId: 'c-1',
      currentStep: 's1',
      cookbook: { version: '2.1.0', steps: [] },
      epoch: 0,
      redo: 0,
      line: '',
      hops: 0,
      hopId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
  });

  it('tells it from others by its text: every delivery has the same hop id, and another text another', () => {
    expect(decode(wire()).hopId).toBe(decode(wire()).hopId);
    expect(decode(wire({ tenant_id: 1 })).hopId).not.toBe(decode(wire()).hopId);
    expect(codec.decode(codec.encode(decode(wire()))).hopId).toBe(decode(wire()).hopId);
    expect(codec.decode(JSON.stringify(wire({ x: '*' })).replace('*', '\ud800')).hopId).toHaveLength(36);
  });

  it('writes it back without a protocol, so that its references stay lenient', () => {
    expect(JSON.parse(codec.encode(decode(wire())))).not.toHaveProperty('protocol');
  });

  it('keeps every key it does not know', () => {
    const others = { 'x-app': [1, null], api_output: 1 };
    const message = decode(wire(others));
    expect(message.rest).toStrictEqual(others);
    expect(JSON.parse(codec.encode(message))).toMatchObject(others);
  });

  it('that comes back from its delivery leaves behind what told of the hand-over', () => {
    const message = decode(
      wire({ delivery_result: { status: 'completed' }, status: 'delivery_requested', api_output: 1, x: 2 }),
    );
    expect(message).toMatchObject({ deliveryResult: { status: 'completed' } });
    expect(message.rest).toStrictEqual({ x: 2 });
  });
});

describe('whom a run acts for', () => {
  const system = { tenant_id: 10, default_workspace_id: 20, person_id: 30, workspace_id: 99 };

  it('is what the message says', () => {
    expect(decode(wire({ tenant_id: 1, workspace_id: 0, person_id: 'p' }))).toMatchObject({ tenantId: 1, workspaceId: 0, personId: 'p' }); // prettier-ignore
  });

  it('is what the cookbook says under _system where the message says nothing', () => {
    const message = decode(wire({ cookbook: { steps: [], _system: system } }));
    expect(message).toMatchObject({ tenantId: 10, workspaceId: 20, personId: 30 });
  });

  it('is decided field by field, and the message wins', () => {
    const message = decode(wire({ tenant_id: 1, person_id: null, cookbook: { steps: [], _system: system } }));
    expect(message).toMatchObject({ tenantId: 1, workspaceId: 20, personId: 30 });
  });

  it('never comes from _system.workspace_id', () => {
    const message = decode(wire({ cookbook: { steps: [], _system: { tenant_id: 1, workspace_id: 99 } } }));
    expect(message).not.toHaveProperty('workspaceId');
  });

  it.each([true, {}, [], ['1']])('is refused as %j: a tenant must not become another by conversion to text', (id) => {
    expect(error(() => decode(wire({ tenant_id: id })))).toMatchObject({ code: 'MESSAGE_INVALID', field: 'tenant_id' });
    const cookbook = { steps: [], _system: { tenant_id: id } };
    expect(error(() => decode(wire({ cookbook })))).toMatchObject({ field: 'cookbook._system.tenant_id' });
  });
});

describe('the fields of the envelope', () => {
  it('are camelCase in code and snake_case on the wire', () => {
    const fields = {
      protocol: 1,
      lenient: true,
      epoch: 1,
      redo: 2,
      line: 'fork/a',
      seq: 3,
      hop_id: 'h-1',
      hops: 4,
      expires_at: '2030-01-31T12:00:00.000Z',
      unroutable_since: '2030-01-30T12:00:00.000Z',
      traceparent: '00-1-2-01',
      tracestate: '',
      reply_to: 'replies.1',
      attempt: 2,
      position: { frames: [{ step: 'g', at: 1 }] },
      carry: { s1: { outcome: { kind: 'completed', output: 1 }, attempt: 1, at: 5 } },
    };
    const message = decode(wire(fields));
    expect(message).toMatchObject({
      hopId: 'h-1',
      replyTo: 'replies.1',
      expiresAt: Date.UTC(2030, 0, 31, 12),
      unroutableSince: Date.UTC(2030, 0, 30, 12),
    });
    expect(message).not.toHaveProperty('rest');
    expect(JSON.parse(codec.encode(message))).toStrictEqual(wire(fields));
  });

  it.each(['workflow_id', 'correlation_id', 'cookbook', 'current_step'])('%s is required', (field) => {
    for (const value of [undefined, null]) {
      expect(error(() => decode(wire({ [field]: value })))).toMatchObject({ code: 'MESSAGE_INVALID', field });
    }
  });

  it.each([
    ['workflow_id', ''],
    ['workflow_id', 7],
    ['correlation_id', 5],
    ['current_step', ''],
    ['cookbook', []],
    ['cookbook', '{}'],
    ['protocol', 0],
    ['protocol', '2'],
    ['lenient', false],
    ['epoch', -1],
    ['epoch', 2 ** 53],
    ['redo', '0'],
    ['line', 0],
    ['seq', 1.5],
    ['hop_id', ''],
    ['hops', true],
    ['expires_at', 1_893_456_000_000],
    ['expires_at', 'tomorrow'],
    ['expires_at', '2030-01-31T12:00:00'],
    ['expires_at', '2030-13-01T12:00:00Z'],
    ['attempt', 0],
    ['position', []],
    ['position', { frames: {} }],
    ['position', { frames: ['g'] }],
    ['secrets', {}],
    ['secrets', ['api_input']],
    ['secrets', [7]],
    ['carry', []],
    ['carry', { p: null }],
    ['carry', { p: { attempt: 1, at: 'x', outcome: { kind: 'completed' } } }],
    ['carry', { p: { attempt: 0, at: 1, outcome: { kind: 'completed' } } }],
    ['carry', { p: { attempt: 1, at: 1, outcome: { kind: 'failed' } } }],
    ['carry', { p: { attempt: 1, at: 1, outcome: { kind: 'else' } } }],
    ['seq', Number.MAX_SAFE_INTEGER],
  ])('%s must not be %j', (field, value) => {
    const refusal = error(() => decode(wire({ [field]: value })));
    expect(refusal).toBeInstanceOf(InvalidMessageError);
    expect(refusal).toMatchObject({ field });
    expect(refusal.message).toMatch(new RegExp(`^Workflow message: ${field} must be .+ \\(got .+\\)\\.$`));
  });

  it('a moment may have any offset', () => {
    expect(decode(wire({ expires_at: '2030-01-31t14:00:00+02:00' })).expiresAt).toBe(Date.UTC(2030, 0, 31, 12));
  });

  it('are not named by an unknown protocol: of such a message nothing is judged', () => {
    const refusal = error(() => decode(wire({ protocol: 2, workflow_id: 7, line: 0 })));
    expect(refusal).toBeInstanceOf(ProtocolTooNewError);
    expect(refusal).toMatchObject({ code: 'PROTOCOL_TOO_NEW', protocol: 2, known: 1 });
  });
});

describe('the limits', () => {
  /** A message of exactly that many bytes. */
  const sized = (bytes: number) => {
    const empty = JSON.stringify(wire({ pad: '' }));
    return JSON.stringify(wire({ pad: 'x'.repeat(bytes - empty.length) }));
  };
  /** A message whose innermost list is at that nesting: the envelope is 1, `pad` 2. */
  const nested = (depth: number) => wire({ pad: JSON.parse('['.repeat(depth - 1) + ']'.repeat(depth - 1)) as unknown });
  /** A message of that many values: 8 without the zeros. */
  const counted = (nodes: number) => wire({ pad: new Array(nodes - 8).fill(0) });

  const { incomingBytes, messageBytes, depth, nodes } = DEFAULT_LIMITS;

  it.each([0.9, 1])('%f of each is read', (part) => {
    const bytes = Math.floor(incomingBytes * part);
    expect(Buffer.byteLength(sized(bytes))).toBe(bytes);
    expect(codec.decode(sized(bytes)).workflowId).toBe('w-1');
    expect(decode(nested(Math.floor(depth * part))).workflowId).toBe('w-1');
    expect(decode(counted(Math.floor(nodes * part))).workflowId).toBe('w-1');
  });

  it.each([0.9, 1])('%f of each is written', (part) => {
    const bytes = Math.floor(messageBytes * part);
    const small = codec.decode(sized(100_000));
    const grown = bytes - Buffer.byteLength(codec.encode(small));
    const fitting = { ...small, rest: { pad: `${String(small.rest?.['pad'])}${'x'.repeat(grown)}` } };
    expect(Buffer.byteLength(codec.encode(fitting))).toBe(bytes);
    expect(codec.encode(decode(nested(Math.floor(depth * part))))).toContain('w-1');
    expect(codec.encode(decode(counted(Math.floor(nodes * part) - 5)))).toContain('w-1');
  });

  it.each([
    ['by one', incomingBytes + 1, depth + 1, nodes + 1],
    ['by a tenth', Math.floor(incomingBytes * 1.1), Math.floor(depth * 1.1), Math.floor(nodes * 1.1)],
  ])('what exceeds them %s is not read', (_, bytes, deep, many) => {
    const large = error(() => codec.decode(sized(bytes)));
    expect(large).toBeInstanceOf(MessageTooLargeError);
    expect(large).toMatchObject({ code: 'MESSAGE_TOO_LARGE', bytes, limit: 'incomingBytes', allowed: incomingBytes });
    expect(error(() => decode(nested(deep)))).toMatchObject({ code: 'LIMIT_EXCEEDED', limit: 'depth', allowed: depth });
    expect(error(() => decode(counted(many)))).toMatchObject({
      code: 'LIMIT_EXCEEDED',
      limit: 'nodes',
      allowed: nodes,
    });
  });

  it('what other services would not read is not written', () => {
    const message = decode(wire());
    const write = (pad: unknown) => error(() => codec.encode({ ...message, rest: { pad } }));
    expect(write('x'.repeat(messageBytes * 1.1))).toMatchObject({ code: 'MESSAGE_TOO_LARGE', limit: 'messageBytes' });
    expect(write(nested(depth + 1)['pad'])).toBeInstanceOf(LimitExceededError);
    expect(write(new Array(nodes).fill(0))).toMatchObject({ limit: 'nodes' });
  });

  it('count bytes, not characters', () => {
    const small = new MessageCodec({ ...DEFAULT_LIMITS, incomingBytes: 200 });
    const padding = (200 - JSON.stringify(wire({ pad: '' })).length) / 2;
    expect(small.decode(JSON.stringify(wire({ pad: 'x'.repeat(padding) }))).workflowId).toBe('w-1');
    expect(error(() => small.decode(JSON.stringify(wire({ pad: '€'.repeat(padding) }))))).toMatchObject({ code: 'MESSAGE_TOO_LARGE' }); // prettier-ignore
  });
});
