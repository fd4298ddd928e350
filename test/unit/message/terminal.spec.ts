import { describe, expect, it } from '@jest/globals';
import { InvalidMessageError } from '../../../libs/orchestrator/src/errors/invalid-message.error.js';
import { DEFAULT_LIMITS, type Limits } from '../../../libs/orchestrator/src/message/limits.js';
import { MessageCodec } from '../../../libs/orchestrator/src/message/message.codec.js';
import {
  encodeHandOver,
  encodeRefused,
  encodeTerminal,
  messageOfTerminal,
  type Terminal,
} from '../../../libs/orchestrator/src/message/terminal.js';
import type { Failure } from '../../../libs/orchestrator/src/errors/failure.js';
import type { WorkflowMessage } from '../../../libs/orchestrator/src/message/workflow-message.js';
import { error, wire } from './messages.js';

const codec = new MessageCodec(DEFAULT_LIMITS);
const parse = (body: string) => JSON.parse(body) as Record<string, unknown>;

const failure: Failure = {
  type: 'TRANSIENT',
  message: 'unavailable',
  code: 'UNAVAILABLE',
  status: 503,
  details: [{ host: 'a' }],
  source: 'handler',
  retryable: true,
  step: 's1',
  path: 'each[3].s1',
  ref: 'ref-1',
  attempts: 3,
};
const run: WorkflowMessage = {
  workflowId: 'w-1',
  correlationId: 'c-1',
  tenantId: 5,
  cookbook: { steps: [{ step_id: 's1', output: { n: 1 } }], delivery: { handler: 'webhook' } },
  currentStep: 's1',
  attempt: 3,
  position: { frames: [{ step: 'each', index: 3 }] },
  protocol: 1,
  epoch: 1,
  redo: 1,
  line: '',
  seq: 7,
  hopId: 'h-7',
  hops: 0,
  rest: { 'x-app': 1 },
};
const failed: Terminal = { status: 'failed', message: run, steps: { s1: { n: 1 } }, failure };

describe('the terminal of a run', () => {
  it('says how it ended, beside all that a requeue needs', () => {
    expect(parse(encodeTerminal(failed, DEFAULT_LIMITS))).toStrictEqual({
      ...parse(codec.encode(run)),
      status: 'failed',
      steps: { s1: { n: 1 } },
      delivery: { handler: 'webhook' },
      error: {
        step_id: 's1',
        path: 'each[3].s1',
        type: 'TRANSIENT',
        code: 'UNAVAILABLE',
        status_code: 503,
        message: 'unavailable',
        details: [{ host: 'a' }],
        source: 'handler',
        error_ref: 'ref-1',
        reason: 'max_retries_exceeded',
        total_attempts: 3,
      },
    });
  });

  it('has the output of a completed one, be it null, and no error', () => {
    const terminal = parse(
      encodeTerminal({ status: 'completed', message: run, steps: {}, apiOutput: null }, DEFAULT_LIMITS),
    );
    expect(terminal).toMatchObject({ status: 'completed', api_output: null });
    expect(terminal).not.toHaveProperty('error');
  });

  it('names a failure that another attempt would not mend by its type', () => {
    const lasting: Failure = { ...failure, type: 'VALIDATION', retryable: false };
    expect(parse(encodeTerminal({ ...failed, failure: lasting }, DEFAULT_LIMITS))['error']).toMatchObject({ reason: 'non_retryable_validation' }); // prettier-ignore
  });

  it('says that nobody delivers the output where the cookbook says nothing of delivery', () => {
    const message = { ...run, cookbook: { steps: [] } };
    expect(parse(encodeTerminal({ ...failed, message }, DEFAULT_LIMITS))['delivery']).toEqual({ handler: 'none' });
  });

  it('gives the run back as it stood', () => {
    expect(messageOfTerminal(encodeTerminal(failed, DEFAULT_LIMITS), codec)).toStrictEqual(run);
    const plain = codec.decode(JSON.stringify(wire()));
    expect(messageOfTerminal(encodeTerminal({ ...failed, message: plain }, DEFAULT_LIMITS), codec)).toStrictEqual(
      plain,
    );
  });

  it('does not show what a run that was requeued failed with before', () => {
    const message = { ...run, rest: { error: { code: 'OLD' }, truncated: true, api_output: 'old' } };
    const terminal = parse(encodeTerminal({ status: 'completed', message, steps: {} }, DEFAULT_LIMITS));
    for (const key of ['error', 'truncated']) expect(terminal).not.toHaveProperty(key);
    expect(terminal).toMatchObject({ api_output: null });
  });
});

describe('a run that is handed over', () => {
  const output = 'x'.repeat(1_000);
  const message: WorkflowMessage = { ...run, cookbook: { ...run.cookbook, steps: [{ step_id: 's1', output }] } };
  const bytes = codec.encodeUnnamed(message).length;
  const within = (messageBytes: number): Limits => ({ ...DEFAULT_LIMITS, messageBytes });
  const encoded = (messageBytes = DEFAULT_LIMITS.messageBytes): string =>
    encodeHandOver({ message, steps: { s1: output }, apiOutput: output }, within(messageBytes));

  it('stands beside its output, and is told apart by whatever its result is', () => {
    const { hop_id, ...envelope } = parse(codec.encode(message));
    expect(hop_id).toBe('h-7');
    expect(parse(encoded())).toStrictEqual({
      ...envelope,
      status: 'delivery_requested',
      api_output: output,
      steps: { s1: output },
      delivery: { handler: 'webhook' },
    });
    const resumed = ['completed', 'completed', 'failed'].map((status) =>
      codec.decode(JSON.stringify({ ...parse(encoded()), delivery_result: { status } })),
    );
    expect(resumed).toEqual(resumed.map(({ deliveryResult, hopId }) => ({ ...message, deliveryResult, hopId })));
    const [first, again, other] = resumed.map(({ hopId }) => hopId);
    expect(again).toBe(first);
    expect(other).not.toBe(first);
  });

  it('is there whole where its output does not fit beside it, and says so', () => {
    const { status, truncated, api_output, ...rest } = parse(encoded(bytes));
    expect([status, truncated, api_output]).toEqual(['delivery_requested', true, undefined]);
    expect(rest).toStrictEqual(parse(codec.encodeUnnamed(message)));
  });

  it('is refused where it alone is too large: nobody could send it back', () => {
    expect(() => encoded(bytes - 1)).toThrow(expect.objectContaining({ code: 'MESSAGE_TOO_LARGE' }));
  });
});

describe('the terminal of a large run', () => {
  const output = 'x'.repeat(1_000);
  const large: WorkflowMessage = { ...run, cookbook: { steps: [{ step_id: 's1', output }] } };
  const terminal: Terminal = { ...failed, message: large, steps: { s1: output }, apiOutput: output };
  const bytes = codec.encode(large).length;
  const within = (messageBytes: number, incomingBytes: number): Limits => ({
    ...DEFAULT_LIMITS,
    messageBytes,
    incomingBytes,
  });

  it('leaves out the outputs that the cookbook holds too, and says so', () => {
    const limits = within(bytes + 1_000, bytes + 1_250);
    const body = encodeTerminal(terminal, limits);
    expect(body.length).toBeLessThanOrEqual(limits.messageBytes);
    expect(parse(body)).toMatchObject({ truncated: true, error: { code: 'UNAVAILABLE', details: [{ host: 'a' }] } });
    for (const key of ['steps', 'api_output']) expect(parse(body)).not.toHaveProperty(key);
    expect(messageOfTerminal(body, new MessageCodec(limits))).toStrictEqual(large);
  });

  it('rather cuts a long error than the run', () => {
    const long = { ...failure, message: 'm'.repeat(9_000), details: 'd'.repeat(9_000) };
    const limits = within(bytes + 5_000, bytes + 6_000);
    const body = encodeTerminal({ ...terminal, failure: long }, limits);
    expect(parse(body)['error']).toMatchObject({ message: 'm'.repeat(4_096), details: null, code: 'UNAVAILABLE' });
    expect(messageOfTerminal(body, new MessageCodec(limits))).toStrictEqual(large);
  });

  it('is never refused: at last it names the run and why it failed', () => {
    const limits = within(500, 600);
    const body = encodeTerminal(terminal, limits);
    expect(parse(body)).toMatchObject({
      workflow_id: 'w-1',
      tenant_id: 5,
      epoch: 1,
      status: 'failed',
      truncated: true,
    });
    expect(parse(body)).toMatchObject({ current_step: 's1', error: { code: 'UNAVAILABLE' } });
    expect(body).not.toContain(output);
    expect(error(() => messageOfTerminal(body, codec))).toBeInstanceOf(InvalidMessageError);
  });

  it('leaves out the outputs too when they are too many or too deep to be read again', () => {
    const limits: Limits = { ...DEFAULT_LIMITS, nodes: 100 };
    const many = { ...terminal, steps: { s1: new Array(100).fill(0) } };
    expect(parse(encodeTerminal(many, limits))).toMatchObject({ truncated: true, cookbook: large.cookbook });
  });
});

describe('the terminal of a message that could not be read', () => {
  const body = JSON.stringify(wire({ correlation_id: 5 }));
  const refusal = error(() => codec.decode(body)) as InvalidMessageError;

  it('holds it as it came, and why', () => {
    expect(parse(encodeRefused(body, refusal, DEFAULT_LIMITS))).toStrictEqual({
      status: 'failed',
      raw: body,
      error: {
        step_id: null,
        path: null,
        type: 'VALIDATION',
        code: 'MESSAGE_INVALID',
        status_code: 400,
        message: 'Workflow message: correlation_id must be a text that is not empty (got 5).',
        details: [],
        source: 'engine',
        error_ref: null,
        reason: 'non_retryable_validation',
        total_attempts: 0,
      },
    });
  });

  it.each([
    ['plain', 'x'],
    ['escaped six-fold', '\u0001'],
    ['of half a character each', '\ud800'],
    ['of many bytes', '€'],
  ])('is cut to what a service may send, with a mark: text %s', (_, character) => {
    const limits: Limits = { ...DEFAULT_LIMITS, messageBytes: 10_000 };
    const long = character.repeat(50_000);
    const refused = encodeRefused(long, refusal, limits);
    const { raw, ...others } = parse(refused);
    expect(Buffer.byteLength(refused)).toBeLessThanOrEqual(10_000);
    expect(Buffer.byteLength(refused)).toBeGreaterThan(5_000);
    expect(long.startsWith(raw as string)).toBe(true);
    expect(others).toMatchObject({ status: 'failed', truncated: true, raw_bytes: Buffer.byteLength(long) });
  });
});
