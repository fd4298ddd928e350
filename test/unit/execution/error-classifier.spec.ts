import { describe, expect, it } from '@jest/globals';
import { BadRequestException, HttpException, ServiceUnavailableException } from '@nestjs/common';
import { RpcException } from '@nestjs/microservices';
import { HelperError } from '../../../libs/orchestrator/src/errors/helper.error.js';
import { StepError } from '../../../libs/orchestrator/src/errors/step.error.js';
import { OperationTimeoutError } from '../../../libs/orchestrator/src/errors/operation-timeout.error.js';
import { classifyError } from '../../../libs/orchestrator/src/execution/error-classifier.js';

const classify = (error: unknown) => classifyError(error, 'handler');

describe('the kind of an error', () => {
  it.each([
    [400, 'VALIDATION', false],
    [401, 'BUSINESS', false],
    [404, 'BUSINESS', false],
    [408, 'TIMEOUT', true],
    [409, 'BUSINESS', false],
    [422, 'VALIDATION', false],
    [429, 'RATE_LIMIT', true],
    [500, 'BUSINESS', false],
    [502, 'TRANSIENT', true],
    [503, 'TRANSIENT', true],
    [504, 'TIMEOUT', true],
  ])('with status %d is %s, worth repeating: %s', (status, type, retryable) => {
    for (const error of [
      Object.assign(new Error('x'), { status }),
      Object.assign(new Error('x'), { statusCode: status }),
      new HttpException('x', status),
      new RpcException({ status, message: 'x' }),
      new RpcException({ statusCode: status, message: 'x' }),
    ]) {
      expect(classify(error)).toMatchObject({ type, retryable, status, message: 'x', source: 'handler' });
    }
  });

  it.each(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'EAI_AGAIN', 'ENOTFOUND'])(
    'of a lost connection (%s) is transient',
    (code) => {
      expect(classify(Object.assign(new Error('x'), { code }))).toMatchObject({
        type: 'TRANSIENT',
        retryable: true,
        code,
      });
    },
  );

  it('of an abort or a deadline is a timeout', () => {
    for (const error of [
      new DOMException('x', 'AbortError'),
      new DOMException('x', 'TimeoutError'),
      new OperationTimeoutError('x'),
    ]) {
      expect(classify(error)).toMatchObject({ type: 'TIMEOUT', retryable: true });
    }
  });

  it('of anything else is a business error: repeating what nobody understands may do harm', () => {
    for (const error of [new Error('x'), 'text', 7, null, undefined, { code: 'ECUSTOM' }, Object.create(null)]) {
      expect(classify(error)).toMatchObject({ type: 'BUSINESS', retryable: false });
    }
  });

  it('is for the app to say first', () => {
    const own = (error: unknown) => (error === 'busy' ? ('RATE_LIMIT' as const) : undefined);
    expect(classifyError('busy', 'handler', own)).toMatchObject({ type: 'RATE_LIMIT', retryable: true });
    expect(classifyError('else', 'handler', own)).toMatchObject({ type: 'BUSINESS' });
  });
});

describe('what a failure tells', () => {
  it('is the code and the details of the error, wherever Nest keeps them', () => {
    const facts = { code: 'NO_STOCK', details: [{ sku: 'a' }] };
    for (const error of [
      Object.assign(new Error('gone'), { status: 409, ...facts }),
      new HttpException({ message: 'gone', ...facts }, 409),
      new RpcException({ status: 409, message: 'gone', ...facts }),
    ]) {
      expect(classify(error)).toMatchObject({ message: 'gone', status: 409, ...facts });
    }
  });

  it('is every complaint of a validation pipe', () => {
    const error = new BadRequestException(['a must be a number', 'b must be a string']);
    expect(classify(error)).toMatchObject({
      type: 'VALIDATION',
      message: 'a must be a number; b must be a string',
      details: ['a must be a number', 'b must be a string'],
    });
  });

  it('is how long the other side wants to be left alone, in milliseconds', () => {
    expect(classify(Object.assign(new ServiceUnavailableException(), { retryAfter: 2 })).after).toBe(2_000);
    expect(classify({ status: 429, headers: { 'retry-after': '7' } }).after).toBe(7_000);
    expect(classify({ status: 429, retryAfter: 'soon' }).after).toBeUndefined();
  });

  it('is who raised it: a helper, whose own error counts, or the engine', () => {
    const cause = Object.assign(new Error('boom'), { status: 400, code: 'HELPER_BOOM' });
    expect(classify(new HelperError('s1', 'boom', cause))).toMatchObject({
      source: 'helper',
      type: 'VALIDATION',
      code: 'HELPER_BOOM',
    });
    expect(classify(new StepError('no array'))).toMatchObject({
      source: 'engine',
      type: 'BUSINESS',
      code: 'STEP_INVALID',
    });
  });
});
