import { describe, expect, it } from '@jest/globals';
import { counted, fail, nested } from '../support/handlers.js';
import { alpha, boot, broker, cookbook, counting, failing, run, sent, services, task } from '../support/services.js';

/** What a handler answers with and no message can carry: its own step fails, and nothing done before is lost. */

describe('an output that cannot travel', () => {
  const pay = task('pay', 'alpha', 'charge');

  it.each<[string, unknown]>([
    ['nests too deep', nested(40)],
    ['has too many values', Array.from({ length: 210_000 }, () => 0)],
    ['is too large', 'x'.repeat(2 ** 20)],
  ])('fails its own step, before the next one runs: it %s', async (_, output) => {
    const { count, operations } = counting();
    const { calls, handle } = counted(() => 'after');
    await boot({
      alpha: { ...operations, reads: { big: () => output, after: handle } },
      beta: { reads: { ok: () => 1 } },
    });
    const steps = [pay, task('big', 'alpha', 'big'), task('after', 'alpha', 'after'), task('there', 'beta', 'ok')];
    expect(await run(cookbook(...steps))).toMatchObject({
      status: 'failed',
      failure: { path: 'big' },
      steps: { pay: 1 },
    });
    expect([count.charge, calls]).toEqual([1, []]);
  });

  it('only together with what came before fails the newest step, and says the same end again', async () => {
    const { count, operations } = counting();
    const large = () => 'x'.repeat(30_000);
    await boot(
      { alpha: { ...operations, reads: { large } }, beta: { reads: { ok: () => 1 } } },
      { limits: { messageBytes: 100_000 } },
    );
    const fork = {
      step_id: 'f',
      type: 'fork_join',
      join: { strategy: 'all' },
      branches: { a: task('a', 'alpha', 'large', { n: 1 }), b: task('b', 'alpha', 'large', { n: 2 }) },
    };
    const result = await run(cookbook(pay, fork, task('there', 'beta', 'ok')));
    expect(result).toMatchObject({
      status: 'failed',
      failure: { code: 'MESSAGE_TOO_LARGE', path: 'f.b.b' },
      steps: { pay: 1 },
    });
    expect(count.charge).toBe(1);
    await services.clock.advance(120_000);
    broker().publish({ destination: 'alpha.workflow', body: services.hops[0]?.body ?? '', messageId: 'again' });
    await services.settle();
    const [first, again] = sent('workflow.failed');
    expect(again).toEqual(first);
  });

  it('is judged in bytes, not in characters', async () => {
    await boot(
      { alpha: { reads: { wide: () => '漢'.repeat(400) } }, beta: { reads: { ok: () => 1 } } },
      { limits: { messageBytes: 1_200 } },
    );
    expect(await run(cookbook(task('a', 'alpha', 'wide'), task('b', 'beta', 'ok')))).toMatchObject({
      status: 'failed',
      failure: { code: 'MESSAGE_TOO_LARGE', path: 'a' },
    });
  });

  it('may be as large as the option says', async () => {
    await boot(
      {
        alpha: { reads: { big: () => 'x'.repeat(1_500_000) } },
        beta: { reads: { size: ({ v }: { v: string }) => v.length } },
      },
      { limits: { messageBytes: 2 ** 21, inputBytes: 2 ** 21 } },
    );
    expect(
      await run(cookbook(task('a', 'alpha', 'big'), task('b', 'beta', 'size', { v: '{{steps.a.output}}' }))),
    ).toMatchObject({ status: 'completed', truncated: true });
  });

  it('and could not be recorded is carried all the same: the effect is not repeated', async () => {
    const { calls, handle } = counted(() => 'x'.repeat(1_100));
    await boot({ alpha: { mutates: { charge: handle } } }, { limits: { messageBytes: 2_000 } });
    failing('record', 2, 'before');
    expect(await run(cookbook(task('a', 'alpha', 'charge')))).toMatchObject({ status: 'completed' });
    expect(calls).toEqual([1]);
  });

  it.each<[string, unknown]>([
    ['a bigint', { n: 1n }],
    ['a cycle', Object.assign(nested(1) as object, { get self() { return this; } })], // prettier-ignore
  ])('because it is no JSON fails its step, and says why: %s', async (_, output) => {
    await boot({ alpha: { reads: { odd: () => output } } });
    expect(await run(cookbook(task('a', 'alpha', 'odd')))).toMatchObject({
      status: 'failed',
      failure: { code: 'OUTPUT_INVALID', path: 'a', message: expect.stringContaining('alpha') },
    });
  });

  it.each([20, 28, 29, 32])('and could not be recorded at first does not repeat its effect: %d deep', async (depth) => {
    const { calls, handle } = counted(() => nested(depth));
    await boot({ alpha: { mutates: { charge: handle } } });
    failing('record', 1, 'before');
    expect((await run(cookbook(task('a', 'alpha', 'charge')))).status).not.toBe('running');
    expect(calls).toEqual([1]);
  });
});

describe('an error that cannot travel', () => {
  it('is cut: its message, its code and its details', async () => {
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

  it('for its details leaves them out; what was done before stays done', async () => {
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
});

describe('an output of more than half of what a record keeps', () => {
  it.each<[string, unknown]>([
    ['a text', 'x'.repeat(60_000)],
    ['an object', { text: 'x'.repeat(60_000) }],
  ])('is kept after the end, once, where it is that of the last step: %s', async (_, output) => {
    await boot({ alpha: { reads: { some: () => output } } });
    const { workflowId } = await run(cookbook(task('a', 'alpha', 'some')));
    const { output: kept, steps } = await alpha().result(workflowId);
    expect([kept, steps]).toEqual([output, { a: output }]);
  });
});
