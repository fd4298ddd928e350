import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { HttpException } from '@nestjs/common';
import { DEFAULT_LIMITS } from '../../libs/orchestrator/src/message/limits.js';
import { MessageCodec } from '../../libs/orchestrator/src/message/message.codec.js';
import { messageOfTerminal } from '../../libs/orchestrator/src/message/terminal.js';
import type { OperationContext } from '../../libs/orchestrator/src/operations/operation.js';
import { alpha, boot, broker, cookbook, counting, run, services, store, task } from '../support/services.js';

/** More of what may befall a run: found by those who read the code to break it. */

const fail = (error: unknown) => (): never => {
  throw error;
};
const nested = (depth: number): unknown => JSON.parse('{"a":'.repeat(depth) + '1' + '}'.repeat(depth));
const counted = (handle: (input: never, context: OperationContext) => unknown) => {
  const calls: number[] = [];
  return {
    calls,
    handle: (input: never, context: OperationContext) => (calls.push(context.attempt), handle(input, context)),
  };
};

describe('it is so that', () => {
  const choice = { step_id: 's', type: 'switch', expression: '{{current}}', cases: { none: task('t', 'alpha', 'ok') } };
  const each = (step_id: string, iterator: string, body: object[]) => ({ step_id, type: 'foreach', iterator, body });

  it('control flow without tasks lets others have their turn, and ends when the run must', async () => {
    await boot({ alpha: { reads: { ok: () => 1 } } });
    const rows = Array.from({ length: 300 }, (_, index) => index);
    const document = cookbook(
      each('x', '{{api_input}}', [each('y', '{{api_input}}', [each('z', '{{api_input}}', [choice])])]),
    );
    let turns = 0;
    const stop = new AbortController();
    const counter = (async () => {
      for (; !stop.signal.aborted; turns += 1) await setImmediate();
    })();
    expect(await run(document, { input: rows })).toMatchObject({
      status: 'failed',
      failure: { code: 'LIMIT_EXCEEDED' },
    });
    stop.abort();
    await counter;
    expect(turns).toBeGreaterThan(10);
  });

  it.each([20, 28, 29, 32])(
    'an effect whose output nests %d deep and could not be recorded at first is not repeated',
    async (depth) => {
      const { calls, handle } = counted(() => nested(depth));
      await boot({ alpha: { mutates: { charge: handle } } });
      const record = store().record.bind(store());
      let failures = 1;
      store().record = (holder, outcomes) =>
        (failures -= 1) >= 0 ? Promise.reject(new Error('away')) : record(holder, outcomes);
      expect((await run(cookbook(task('a', 'alpha', 'charge')))).status).not.toBe('running');
      expect(calls).toEqual([1]);
    },
  );

  it.each<[string, unknown]>([
    ['nothing that has a text', Object.create(null)],
    [
      'an error that throws when it is read',
      Object.defineProperty(new Error(), 'message', { get: fail(new Error('no')) }),
    ],
  ])('a helper that throws %s fails its step, in control flow too', async (_, thrown) => {
    await boot({ alpha: { reads: { ok: () => 1 } } }, { helpers: { odd: fail(thrown) } });
    const steps = [{ step_id: 's', type: 'switch', expression: '{{odd()}}', cases: { a: task('t', 'alpha', 'ok') } }];
    expect(await run(cookbook(...steps))).toMatchObject({ status: 'failed', failure: { source: 'helper', path: 's' } });
  });

  it('a refused run ends although the store failed at first', async () => {
    await boot({ alpha: counting().operations });
    const end = store().end.bind(store());
    let failures = 1;
    store().end = (holder, summary) =>
      (failures -= 1) >= 0 ? Promise.reject(new Error('away')) : end(holder, summary);
    const message = {
      workflow_id: 'w',
      correlation_id: 'c',
      cookbook: cookbook(task('a', 'alpha', 'charge')),
      current_step: 'nowhere',
      protocol: 1,
      seq: 1,
      hop_id: 'h',
    };
    broker().publish({ destination: 'alpha.workflow', body: JSON.stringify(message), messageId: 'm' });
    await services.settle();
    expect(await alpha().status('w')).toMatchObject({ status: 'failed', failure: { code: 'MESSAGE_INVALID' } });
  });

  it.each<[string, object]>([
    [
      'fork',
      {
        step_id: 'f',
        type: 'fork_join',
        join: { strategy: 'all' },
        branches: { a: task('a', 'alpha', 'no'), b: task('b', 'alpha', 'no') },
      },
    ],
    [
      'foreach',
      { step_id: 'f', type: 'foreach', concurrency: 2, iterator: '{{api_input}}', body: [task('a', 'alpha', 'no')] },
    ],
  ])('a run that failed in a %s can be read from its terminal', async (_, step) => {
    await boot({ alpha: { reads: { no: fail(new HttpException('no', 409)) } } });
    await run(cookbook(step), { input: [1, 2, 3] });
    const body = services.hops.at(-1)?.body ?? '';
    const message = messageOfTerminal(body, new MessageCodec(DEFAULT_LIMITS));
    const again = { ...(JSON.parse(body) as object), epoch: message.epoch + 1, hop_id: 'again' };
    expect(await alpha().processWorkflowMessage(again)).toMatchObject({
      dlq: true,
      error_ref: expect.not.stringContaining('refused'),
    });
  });

  it('a run that completed in time is not called expired because its end was recorded late', async () => {
    await boot({ alpha: counting().operations });
    const end = store().end.bind(store());
    let failures = 1;
    store().end = (holder, summary) =>
      (failures -= 1) >= 0 ? Promise.reject(new Error('away')) : end(holder, summary);
    const document = { ...cookbook(task('a', 'alpha', 'charge')), global_timeout_ms: 900 };
    expect(await run(document)).toMatchObject({ status: 'completed', output: 1 });
  });

  it('an error may be as long as it likes: what is kept of it is not', async () => {
    const huge = Object.assign(new Error('x'.repeat(5_000_000)), {
      status: 503,
      code: 'y'.repeat(5_000_000),
      details: 'z'.repeat(5_000_000),
    });
    await boot({ alpha: { reads: { ok: () => 1, no: fail(huge) } } });
    expect(await run(cookbook(task('a', 'alpha', 'ok'), task('b', 'alpha', 'no')))).toMatchObject({
      status: 'failed',
      failure: { path: 'b', status: 503 },
      steps: { a: 1 },
    });
    expect(services.hops.at(-1)?.body.length).toBeLessThan(100_000);
  });

  it('details of an error that make the message too large are left out; what was done before stays done', async () => {
    const { count, operations } = counting();
    const busy = fail(Object.assign(new Error('busy'), { status: 503, details: 'x'.repeat(3_000) }));
    await boot({ alpha: { ...operations, reads: { busy } } }, { limits: { messageBytes: 5_000 } });
    expect(await run(cookbook(task('pay', 'alpha', 'charge'), task('b', 'alpha', 'busy')))).toMatchObject({
      status: 'failed',
      failure: { path: 'b', status: 503 },
      steps: { pay: 1 },
    });
    expect(count.charge).toBe(1);
  });

  it('no handler begins once all were told to stop', async () => {
    const began: string[] = [];
    const step = (_: unknown, { stepId }: OperationContext): number => began.push(stepId);
    await boot({ alpha: { mutates: { step } } }, { shutdownGrace: '1s' });
    const record = store().record.bind(store());
    store().record = (holder, outcomes) => new Promise((resolve) => services.clock.after(1_500, () => { resolve(record(holder, outcomes)); })); // prettier-ignore
    await alpha().start(cookbook(task('one', 'alpha', 'step'), task('two', 'alpha', 'step')));
    await services.clock.advance(0);
    await services.close();
    expect(began).toEqual(['one']);
  });

  it('nothing is handled by hand once the application is closed', async () => {
    const { count, operations } = counting();
    await boot({ alpha: operations });
    await services.app.close();
    await expect(alpha().processWorkflowMessage({ workflow_id: 'w' })).rejects.toMatchObject({
      code: 'TRANSPORT_CLOSED',
    });
    expect(count.charge).toBe(0);
  });

  it('an input of null is an input', async () => {
    await boot({ alpha: { reads: { echo: (input: unknown) => input } } });
    expect(
      await run({ ...cookbook(task('a', 'alpha', 'echo', { v: '{{api_input}}' })), api_input: 5 }, { input: null }),
    ).toMatchObject({ output: { v: null } });
  });
});
