import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { HttpException } from '@nestjs/common';
import type { WorkflowEvent } from '../../libs/orchestrator/src/events/workflow.event.js';
import type { OperationContext } from '../../libs/orchestrator/src/operations/operation.js';
import {
  alpha,
  boot,
  broker,
  cookbook,
  counting,
  run,
  sent,
  services,
  store,
  task,
  terminals,
} from '../support/services.js';

/** What handlers, errors, helpers and messages may throw at a run: it ends, once, and no effect is repeated. */

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

describe('an error that is hard to read', () => {
  const cyclic: { self?: unknown } = {};
  cyclic.self = cyclic;
  const fights = Object.defineProperty(new Error(), 'message', { get: fail(new Error('no')) });

  it.each<[string, unknown]>([
    ['has details that refer to themselves', Object.assign(new Error('x'), { status: 409, details: cyclic })],
    ['has details with a bigint', Object.assign(new Error('x'), { status: 409, details: { n: 1n } })],
    ['has a message that is no text', { message: Object.create(null) as unknown }],
    ['throws when it is read', fights],
    ['throws when it is asked', { getResponse: fail(new Error('no')) }],
    ['is nothing', undefined],
    ['is a symbol', Symbol('x')],
  ])('ends the run as any other: it %s', async (_, error) => {
    const { calls, handle } = counted(fail(error));
    await boot({ alpha: { mutates: { charge: handle } } });
    expect(await run(cookbook(task('a', 'alpha', 'charge')))).toMatchObject({
      status: 'failed',
      failure: { path: 'a' },
    });
    expect(calls).toEqual([1]);
    expect(terminals()).toHaveLength(1);
  });

  it('is tried as often as was said, not more', async () => {
    const { calls, handle } = counted(fail(Object.assign(new Error('busy'), { status: 503, details: { n: 1n } })));
    await boot({ alpha: { mutates: { charge: handle } } });
    expect(await run(cookbook(task('a', 'alpha', 'charge')))).toMatchObject({ status: 'failed' });
    expect(calls).toEqual([1, 2, 3]);
  });

  it.each<[string, (error: unknown) => unknown]>([
    ['throws', (error) => (error as { response: { status: number } }).response.status],
    ['answers what is no type', () => 5],
    ['answers a promise', () => Promise.resolve('TRANSIENT')],
  ])('is judged by the library where the classifier of the app %s', async (_, classify) => {
    const { calls, handle } = counted(fail(new Error('declined')));
    await boot({ alpha: { mutates: { charge: handle } } }, { classifyError: classify as never });
    expect(await run(cookbook(task('a', 'alpha', 'charge')))).toMatchObject({
      status: 'failed',
      failure: { type: 'BUSINESS' },
    });
    expect(calls).toEqual([1]);
  });
});

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
      branches: { a: task('a', 'alpha', 'large'), b: task('b', 'alpha', 'large') },
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
    const record = store().record.bind(store());
    let failures = 2;
    store().record = (holder, outcomes) =>
      (failures -= 1) >= 0 ? Promise.reject(new Error('away')) : record(holder, outcomes);
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
});

describe('time', () => {
  it('of a helper that never answers ends with its step’s', async () => {
    await boot(
      { alpha: { reads: { ok: () => 1 } } },
      { helpers: { hang: () => new Promise(() => undefined) }, retry: { maxAttempts: 1 } },
    );
    const { workflowId } = await alpha().start(
      cookbook(task('a', 'alpha', 'ok', { v: '{{hang()}}' }, { timeout_ms: 1_000 })),
    );
    await services.clock.advance(1_000);
    expect(await alpha().status(workflowId)).toMatchObject({
      status: 'failed',
      failure: { code: 'OPERATION_TIMEOUT', path: 'a' },
    });
  });

  it.each<[string, object]>([
    ['that the failing side asked for', { reads: { busy: fail({ status: 429, retryAfter: 99_999_999 }) } }],
    ['of a wait', { reads: { busy: () => 1 } }],
  ])('is never longer than the run may live: %s', async (_, operations) => {
    await boot({ alpha: operations });
    const wait = { step_id: 'w', type: 'wait', until: '{{api_input}}' };
    const document = { ...cookbook(task('a', 'alpha', 'busy'), wait), global_timeout_ms: 60_000 };
    const from = services.clock.now();
    expect(await run(document, { input: new Date(from + 6 * 86_400_000).toISOString() })).toMatchObject({
      status: 'failed',
      failure: { code: 'RUN_EXPIRED' },
    });
    const end = services.hops.at(-1)?.message['cookbook'] as { steps: { _execution?: { completed_at?: string } }[] };
    expect(
      end.steps.map(({ _execution }) => _execution?.completed_at).at(-1) ?? new Date(from + 60_000).toISOString(),
    ).toBe(new Date(from + 60_000).toISOString());
  });

  it('of a run ends it also between the steps of one hop', async () => {
    const slow = async (): Promise<number> => {
      await services.clock.advance(40_000);
      return 1;
    };
    const { calls, handle } = counted(slow);
    await boot({ alpha: { mutates: { slow: handle } } }, { timeout: '5m' });
    const steps = ['a', 'b', 'c', 'd'].map((id) => task(id, 'alpha', 'slow'));
    expect(await run({ ...cookbook(...steps), global_timeout_ms: 60_000 })).toMatchObject({ status: 'failed' });
    expect(calls.length).toBeLessThan(4);
  });

  it('is left to others while many steps run in one hop', async () => {
    await boot({ alpha: { reads: { ok: () => 1 } } });
    let turns = 0;
    let counting = true;
    const count = async (): Promise<void> => {
      for (; counting; turns += 1) await setImmediate();
    };
    const counter = count();
    const each = { step_id: 'e', type: 'foreach', iterator: '{{api_input}}', body: [task('a', 'alpha', 'ok')] };
    expect(await run(cookbook(each), { input: Array.from({ length: 1_000 }, () => 0) })).toMatchObject({
      status: 'completed',
    });
    counting = false;
    await counter;
    expect(turns).toBeGreaterThan(10);
  });
});

describe('a message that names a run and is refused', () => {
  it('ends that run, and says so beside the raw text', async () => {
    const { operations } = counting();
    await boot({ alpha: operations });
    const message = {
      workflow_id: 'w',
      correlation_id: 'c',
      cookbook: { version: '1.0.0' },
      current_step: 'a',
      protocol: 1,
      seq: 1,
      hop_id: 'h',
    };
    expect(await alpha().processWorkflowMessage(message)).toMatchObject({ dlq: true, workflow_id: 'w' });
    expect(await alpha().status('w')).toMatchObject({ status: 'failed', failure: { code: 'COOKBOOK_INVALID' } });
    expect(sent('workflow.failed')).toEqual([
      expect.objectContaining({ workflow_id: 'w', raw: JSON.stringify(message) }),
    ]);
  });

  it('changes nothing of a run in which it has no place', async () => {
    const { operations } = counting();
    await boot({ alpha: operations });
    const { workflowId } = await run(cookbook(task('a', 'alpha', 'charge')));
    await alpha().processWorkflowMessage({
      workflow_id: workflowId,
      correlation_id: 'c',
      cookbook: {},
      current_step: 'a',
      protocol: 1,
      seq: 1,
      hop_id: 'h',
    });
    expect(await alpha().status(workflowId)).toMatchObject({ status: 'completed' });
  });
});

describe('forwards without a task', () => {
  it('are no loop while control flow moves on', async () => {
    await boot({ alpha: { reads: { ok: () => 1 } }, beta: { reads: { ok: () => 1 } } });
    const at = (step_id: string, service: string) => ({
      step_id,
      type: 'switch',
      service,
      expression: '{{current}}',
      cases: { none: task(`${step_id}_none`, service, 'ok') },
    });
    const each = {
      step_id: 'e',
      type: 'foreach',
      iterator: '{{api_input}}',
      body: [at('x', 'alpha'), at('y', 'beta')],
    };
    expect(await run(cookbook(each), { input: Array.from({ length: 12 }, (_, index) => index) })).toMatchObject({
      status: 'completed',
    });
  });

  it('are no loop while branches fail one after another', async () => {
    const no = fail(new HttpException('no', 409));
    await boot({ alpha: { reads: { no } }, beta: { reads: { no } } });
    const branches = Object.fromEntries(
      Array.from({ length: 14 }, (_, index) => [
        `b${index}`,
        task(`t${index}`, index % 2 === 0 ? 'alpha' : 'beta', 'no'),
      ]),
    );
    expect(await run(cookbook({ step_id: 'f', type: 'fork_join', join: { strategy: 'all' }, branches }))).toMatchObject(
      { status: 'failed', failure: { status: 409, path: 'f.b0.t0' } },
    );
  });
});

describe('an application that closes', () => {
  it('tells those who wait for a result', async () => {
    await boot({ alpha: { reads: { ok: () => 1 } } });
    const waiting = alpha()
      .run(cookbook({ step_id: 'w', type: 'wait', duration_ms: 5_000 }))
      .catch((error: unknown) => error);
    await services.clock.advance(1);
    await services.app.close();
    expect(await waiting).toMatchObject({ code: 'RESULT_TIMEOUT', message: expect.stringContaining('closed') });
  });

  it('puts back what its handlers did not finish, free to be claimed at once', async () => {
    const hang = (): Promise<never> => new Promise(() => undefined);
    await boot({ alpha: { mutates: { hang } } }, { shutdownGrace: '1s' });
    const { workflowId } = await alpha().start(cookbook(task('a', 'alpha', 'hang')));
    await services.clock.advance(0);
    const { hop_id } = services.hops[0]?.message ?? {};
    await services.close();
    const [, moved] = sent('alpha.workflow');
    expect(moved).toMatchObject({ workflow_id: workflowId, hop_id });
    const claim = await store().claim({ workflowId, epoch: 0, line: '', seq: 1, hopId: hop_id as string }, 1_000, 0);
    expect(claim.kind).toBe('granted');
  });
});

describe('events', () => {
  it('of a step are told although its record failed at first', async () => {
    const { operations } = counting();
    await boot({ alpha: operations });
    const events: WorkflowEvent[] = [];
    alpha().events$.subscribe((event) => events.push(event));
    const record = store().record.bind(store());
    let failures = 1;
    store().record = (holder, outcomes) =>
      (failures -= 1) >= 0 ? Promise.reject(new Error('away')) : record(holder, outcomes);
    await run(cookbook(task('a', 'alpha', 'charge')));
    expect(events.map(({ type }) => type)).toEqual(['started', 'step_started', 'step_completed', 'completed']);
  });

  it('of a failed run say where and why', async () => {
    await boot({ alpha: { reads: { ok: () => 1 } } });
    const events: WorkflowEvent[] = [];
    alpha().events$.subscribe((event) => events.push(event));
    await run(
      cookbook({ step_id: 'e', type: 'foreach', iterator: '{{api_input}}', body: [task('a', 'alpha', 'ok')] }),
      { input: 5 },
    );
    expect(events.at(-1)).toMatchObject({ type: 'failed', path: 'e', step_id: 'e', error_code: 'STEP_INVALID' });
  });
});

describe('what cannot be meant is refused before there is a run', () => {
  it.each<[string, () => Promise<unknown>]>([
    ['a cookbook that is none', () => alpha().start(5 as never)],
    ['a caller that is none', () => alpha().start(cookbook(task('a', 'alpha', 'ok')), { tenantId: Number.NaN })],
    [
      'an unknown way to resolve',
      () => alpha().start(cookbook(task('a', 'alpha', 'ok')), { references: 'loose' as never }),
    ],
    ['an input that is no JSON', () => alpha().start(cookbook(task('a', 'alpha', 'ok')), { input: { n: 1n } })],
    ['a time that is none', () => alpha().run(cookbook(task('a', 'alpha', 'ok')), { timeout: 'soon' })],
    ['a message that is no JSON', () => alpha().processWorkflowMessage({ n: 1n })],
  ])('%s', async (_, attempt) => {
    const { calls, handle } = counted(() => 1);
    await boot({ alpha: { reads: { ok: handle } } });
    await expect(attempt()).rejects.toMatchObject({ code: 'ARGUMENT_INVALID' });
    await services.settle();
    expect(calls).toEqual([]);
  });

  it('a service that nobody is, wherever in the cookbook', async () => {
    await boot({ alpha: { reads: { ok: () => 1 } } });
    const group = { step_id: 'g', type: 'steps', steps: [task('b', 'alhpa', 'ok')] };
    await expect(alpha().start(cookbook(task('a', 'alpha', 'ok'), group))).rejects.toMatchObject({
      code: 'UNROUTABLE',
    });
  });
});
