import { describe, expect, it } from '@jest/globals';
import { HttpException } from '@nestjs/common';
import type { WorkflowEvent } from '../../libs/orchestrator/src/events/workflow.event.js';
import { DEFAULT_LIMITS } from '../../libs/orchestrator/src/message/limits.js';
import { MessageCodec } from '../../libs/orchestrator/src/message/message.codec.js';
import { messageOfTerminal } from '../../libs/orchestrator/src/message/terminal.js';
import type { OperationContext } from '../../libs/orchestrator/src/operations/operation.js';
import { counted, fail } from '../support/handlers.js';
import {
  alpha,
  boot,
  broker,
  cookbook,
  counting,
  failing,
  run,
  sent,
  services,
  store,
  task,
  terminals,
} from '../support/services.js';

/** What handlers, errors, helpers and messages may throw at a run: it ends, once, and no effect is repeated. */

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

  it.each<[string, unknown]>([
    ['nothing that has a text', Object.create(null)],
    [
      'an error that throws when it is read',
      Object.defineProperty(new Error(), 'message', { get: fail(new Error('no')) }),
    ],
  ])('fails its step where a helper threw it, in control flow too: %s', async (_, thrown) => {
    await boot({ alpha: { reads: { ok: () => 1 } } }, { helpers: { odd: fail(thrown) } });
    const steps = [{ step_id: 's', type: 'switch', expression: '{{odd()}}', cases: { a: task('t', 'alpha', 'ok') } }];
    expect(await run(cookbook(...steps))).toMatchObject({ status: 'failed', failure: { source: 'helper', path: 's' } });
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

  it('ends it although the store failed at first', async () => {
    await boot({ alpha: counting().operations });
    failing('end', 1, 'before');
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
    const claim = await store().claim(
      { workflowId, epoch: 0, line: '', seq: 1, hopId: hop_id as string },
      { leaseMs: 1_000, now: 0 },
    );
    expect(claim.kind).toBe('granted');
  });

  it('begins no handler once all were told to stop', async () => {
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

  it('handles nothing that is given to it by hand any more', async () => {
    const { count, operations } = counting();
    await boot({ alpha: operations });
    await services.app.close();
    await expect(alpha().processWorkflowMessage({ workflow_id: 'w' })).rejects.toMatchObject({
      code: 'TRANSPORT_CLOSED',
    });
    expect(count.charge).toBe(0);
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
  it.each<[string, object, string]>([
    ['a caller as a member of its own', { caller: { tenantId: 'acme' } }, 'start: there is no option "caller". Its options: input, workflowId, '],
    ['a misspelt one', { tenantID: 'acme' }, 'start: there is no option "tenantID". Did you mean "tenantId"?'],
  ])('an option that there is not, which would be ignored: %s', async (_, options, why) => {
    await boot({ alpha: { reads: { ok: () => 1 } } });
    for (const begin of ['start', 'run'] as const) {
      const attempt = alpha()[begin](cookbook(task('a', 'alpha', 'ok')), options);
      await expect(attempt).rejects.toMatchObject({ code: 'ARGUMENT_INVALID', message: expect.stringContaining(why) as never });
    }
  }); // prettier-ignore

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

describe('what a run is given and leaves', () => {
  it('is its input, null too', async () => {
    await boot({ alpha: { reads: { echo: (input: unknown) => input } } });
    expect(
      await run({ ...cookbook(task('a', 'alpha', 'echo', { v: '{{api_input}}' })), api_input: 5 }, { input: null }),
    ).toMatchObject({ output: { v: null } });
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
  ])('is a terminal that can be read again: failed in a %s', async (_, step) => {
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
});
