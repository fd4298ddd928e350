import { describe, expect, it } from '@jest/globals';
import { HttpException, Injectable, Module } from '@nestjs/common';
import { ResultTimeoutError } from '../../libs/orchestrator/src/errors/result-timeout.error.js';
import { WorkflowFailedError } from '../../libs/orchestrator/src/errors/workflow-failed.error.js';
import { OnWorkflowEvent } from '../../libs/orchestrator/src/events/on-workflow-event.decorator.js';
import type { WorkflowEvent } from '../../libs/orchestrator/src/events/workflow.event.js';
import type { OperationContext } from '../../libs/orchestrator/src/operations/operation.js';
import { alpha, boot, cookbook, counting, run, sent, services, task } from '../support/services.js';

describe('a start', () => {
  it('under the same name starts one run, whatever the second input', async () => {
    const { count, operations } = counting();
    await boot({ alpha: operations });
    await alpha().start(cookbook(task('a', 'alpha', 'charge')), { workflowId: 'w', input: { n: 1 } });
    await alpha().start(cookbook(task('a', 'alpha', 'charge')), { workflowId: 'w', input: { n: 2 } });
    await services.settle();
    expect(count.charge).toBe(1);
    expect(await alpha().status('w')).toMatchObject({ status: 'completed', output: 1 });
  });

  it('of a message that no service would read is refused while somebody is there to be told', async () => {
    await boot({ alpha: counting().operations });
    const deep = JSON.parse('{"a":'.repeat(50) + '1' + '}'.repeat(50)) as object;
    await expect(alpha().start(cookbook(task('a', 'alpha', 'read')), { input: deep })).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
    });
    await expect(
      alpha().start(cookbook(task('a', 'alpha', 'read')), { input: 'x'.repeat(2 ** 20) }),
    ).rejects.toMatchObject({ code: 'MESSAGE_TOO_LARGE' });
    await expect(alpha().start('nothing')).rejects.toMatchObject({ code: 'COOKBOOK_NOT_FOUND' });
  });

  it('checks the input by the cookbook’s own schema', async () => {
    await boot({ alpha: counting().operations });
    const input_schema = { type: 'object', required: ['order'], properties: { order: { type: 'integer' } } };
    const document = { ...cookbook(task('a', 'alpha', 'read')), input_schema };
    await expect(alpha().start(document, { input: { order: 'x' } })).rejects.toMatchObject({ code: 'INPUT_INVALID' });
    await expect(alpha().start(document, { input: { order: 7 } })).resolves.toHaveProperty('workflowId');
  });
});

describe('a run that fails', () => {
  it('says everything that is needed to requeue it: the run as it stands, its attempts, whom it acts for', async () => {
    const refuse = () => {
      throw new HttpException({ message: 'no stock', code: 'NO_STOCK', details: [{ sku: 'a' }] }, 409);
    };
    await boot({ alpha: { reads: { ok: () => 1 }, mutates: { refuse } } });
    const steps = [task('a', 'alpha', 'ok'), { step_id: 'g', type: 'steps', steps: [task('b', 'alpha', 'refuse')] }];
    const result = await run(cookbook(...steps), { tenantId: 't', input: { n: 1 } });
    const [failed] = sent('workflow.failed');
    expect(failed).toMatchObject({
      workflow_id: result.workflowId,
      tenant_id: 't',
      status: 'failed',
      current_step: 'g',
      steps: { a: 1 },
      position: { frames: [{ step: 'g', at: 0 }] },
      cookbook: {
        api_input: { n: 1 },
        steps: [{ output: 1 }, { _execution: { status: 'failed', retry_history: [{ attempt: 1, path: 'g.b' }] } }],
      },
      error: {
        step_id: 'b',
        path: 'g.b',
        type: 'BUSINESS',
        code: 'NO_STOCK',
        status_code: 409,
        message: 'no stock',
        details: [{ sku: 'a' }],
        source: 'handler',
        reason: 'non_retryable_business',
        total_attempts: 1,
      },
    });
  });

  it('retries through the delay of the transport, with full jitter below a growing bound', async () => {
    const busy = () => {
      throw new HttpException('busy', 503);
    };
    await boot({ alpha: { reads: { busy } } }, { retry: { maxAttempts: 6, baseDelay: '1s', maxDelay: '4s' } });
    for (let index = 0; index < 20; index += 1) await alpha().start(cookbook(task('a', 'alpha', 'busy')));
    await services.settle();
    const delays = [2, 3, 4, 5, 6].map((attempt) =>
      services.hops
        .filter(({ message }) => message['attempt'] === attempt && message['seq'] === attempt)
        .map(({ delay }) => delay),
    );
    const bounds = [1_000, 2_000, 4_000, 4_000, 4_000];
    delays.forEach((each, index) => {
      expect(each).toHaveLength(20);
      expect(Math.max(...each)).toBeLessThanOrEqual(bounds[index] ?? 0);
      expect(new Set(each).size).toBeGreaterThan(10);
    });
    expect(sent('workflow.failed')).toHaveLength(20);
  });

  it('rejects whoever asks for its result, with the failure', async () => {
    await boot({ alpha: { reads: { no: () => { throw new HttpException('no', 409); } } } }); // prettier-ignore
    const { workflowId } = await run(cookbook(task('a', 'alpha', 'no')));
    const error: unknown = await alpha()
      .result(workflowId)
      .catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(WorkflowFailedError);
    expect(error).toMatchObject({ code: 'WORKFLOW_FAILED', workflowId, failure: { path: 'a', status: 409 } });
  });
});

describe('time', () => {
  it('that a handler may take ends: it is told, and tried again', async () => {
    const signals: AbortSignal[] = [];
    const hang = (_: unknown, { signal, attempt }: OperationContext): unknown => {
      signals.push(signal);
      return attempt < 2 ? new Promise(() => undefined) : 'done';
    };
    await boot({ alpha: { mutates: { hang } } });
    const { workflowId } = await alpha().start(cookbook(task('a', 'alpha', 'hang', {}, { timeout_ms: 5_000 })));
    await services.clock.advance(4_999);
    expect(signals.map((signal) => signal.aborted)).toEqual([false]);
    await services.clock.advance(1);
    await services.settle();
    expect(signals.map((signal) => signal.aborted)).toEqual([true, false]);
    expect(await alpha().status(workflowId)).toMatchObject({ status: 'completed', output: 'done' });
  });

  it('of a run ends: it fails where it stands, and nothing more is executed', async () => {
    const { count, operations } = counting();
    await boot({ alpha: operations });
    const document = {
      ...cookbook(
        { step_id: 'v', type: 'wait', duration_ms: 50_000 },
        { step_id: 'w', type: 'wait', duration_ms: 50_000 },
        task('a', 'alpha', 'charge'),
      ),
      global_timeout_ms: 60_000,
    };
    expect(await run(document)).toMatchObject({ status: 'failed', failure: { code: 'RUN_EXPIRED', path: 'w' } });
    expect(count.charge).toBe(0);
  });

  it('that a result is waited for ends; the run goes on', async () => {
    await boot({ alpha: { reads: { ok: () => 1 } } });
    const { workflowId } = await alpha().start(
      cookbook({ step_id: 'w', type: 'wait', duration_ms: 90_000 }, task('a', 'alpha', 'ok')),
    );
    const result = alpha()
      .result(workflowId, { timeout: '1m' })
      .catch((error: unknown) => error);
    await services.clock.advance(61_000);
    expect(await result).toBeInstanceOf(ResultTimeoutError);
    await services.settle();
    expect(await alpha().result(workflowId)).toEqual({
      workflowId,
      output: 1,
      steps: expect.objectContaining({ a: 1 }),
    });
  });
});

describe('limits', () => {
  it('of a message fail the step whose output breaks them, with the run as it stood before', async () => {
    await boot(
      { alpha: { reads: { small: () => 's', large: () => 'x'.repeat(20_000) } }, beta: { reads: { ok: () => 1 } } },
      { limits: { messageBytes: 10_000, incomingBytes: 12_000 } },
    );
    const result = await run(
      cookbook(task('a', 'alpha', 'small'), task('b', 'alpha', 'large'), task('c', 'beta', 'ok')),
    );
    expect(result).toMatchObject({
      status: 'failed',
      failure: { code: 'MESSAGE_TOO_LARGE', path: 'b' },
      steps: { a: 's' },
    });
  });

  it('of nesting fail the run as it came', async () => {
    const deep = () => JSON.parse('{"a":'.repeat(40) + '1' + '}'.repeat(40)) as object;
    await boot({ alpha: { reads: { deep } }, beta: { reads: { ok: () => 1 } } });
    expect(await run(cookbook(task('a', 'alpha', 'deep'), task('c', 'beta', 'ok')))).toMatchObject({
      status: 'failed',
      failure: { code: 'LIMIT_EXCEEDED' },
    });
  });

  it('of items fail their foreach', async () => {
    await boot({ alpha: { reads: { ok: () => 1 } } }, { limits: { iterations: 3 } });
    const each = { step_id: 'e', type: 'foreach', iterator: '{{api_input}}', body: [task('a', 'alpha', 'ok')] };
    expect(await run(cookbook(each), { input: [1, 2, 3] })).toMatchObject({ status: 'completed' });
    expect(await run(cookbook(each), { input: [1, 2, 3, 4] })).toMatchObject({
      status: 'failed',
      failure: { code: 'STEP_INVALID' },
    });
  });
});

describe('what a handler is told', () => {
  it('is where it runs, for whom, and a key that stays the same from attempt to attempt', async () => {
    const contexts: OperationContext[] = [];
    const flaky = (_: unknown, context: OperationContext): number => {
      contexts.push(context);
      if (context.attempt === 1) throw new HttpException('busy', 503);
      return 1;
    };
    await boot({ alpha: { mutates: { flaky } } }, { namespace: 'shop' });
    const each = {
      step_id: 'e',
      type: 'foreach',
      iterator: '{{api_input}}',
      body: [task('a', 'alpha', 'flaky', {}, { workspace_id: 9 })],
    };
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    await run(cookbook(each), {
      input: ['x'],
      workflowId: 'w',
      correlationId: 'c',
      tenantId: 't',
      workspaceId: 1,
      traceparent,
    });
    const common = {
      service: 'alpha', operation: 'flaky', workflowId: 'w', correlationId: 'c', stepId: 'a', path: 'e[0].a',
      caller: { tenantId: 't', workspaceId: 9 }, idempotencyKey: 'shop:w:0:e[0].a', traceparent,
    }; // prettier-ignore
    expect(contexts).toMatchObject([
      { ...common, attempt: 1 },
      { ...common, attempt: 2 },
    ]);
  });
});

describe('events', () => {
  it('tell every step and the end of a run in one schema, without its data', async () => {
    const flaky = (_: unknown, { attempt }: OperationContext): string => {
      if (attempt === 1) throw new HttpException({ message: 'busy', code: 'BUSY' }, 503);
      return 'secret output';
    };
    await boot({ alpha: { reads: { flaky } } });
    const events: WorkflowEvent[] = [];
    alpha().events$.subscribe((event) => events.push(event));
    await run(cookbook(task('a', 'alpha', 'flaky', { v: 'secret input' })), {
      workflowId: 'w',
      tenantId: 't',
    });
    expect(events.map(({ type, path, attempt, error_code }) => [type, path, attempt, error_code])).toEqual([
      ['started', null, null, undefined],
      ['step_started', 'a', 1, undefined],
      ['step_retrying', 'a', 1, 'BUSY'],
      ['step_started', 'a', 2, undefined],
      ['step_completed', 'a', 2, undefined],
      ['completed', null, null, undefined],
    ]);
    for (const event of events) {
      expect(event).toMatchObject({
        v: 1,
        workflow_id: 'w',
        correlation_id: 'w',
        tenant_id: 't',
        service: 'alpha',
        line: '',
        cache: ['step_retrying', 'step_completed'].includes(event.type) ? 'miss' : null,
      });
    }
    expect(JSON.stringify(events)).not.toContain('secret');
  });

  it('reach methods that ask for them; one that throws disturbs neither the run nor the others', async () => {
    const seen: string[] = [];
    @Injectable()
    class Watcher {
      @OnWorkflowEvent('completed')
      broken(): never {
        throw new Error('no');
      }

      @OnWorkflowEvent('completed', 'step_completed')
      note({ type }: WorkflowEvent): void {
        seen.push(type);
      }
    }
    @Module({ providers: [Watcher] })
    class Watching {}
    await boot({ alpha: { reads: { ok: () => 1 } } }, {}, [Watching]);
    expect(await run(cookbook(task('a', 'alpha', 'ok')))).toMatchObject({ status: 'completed' });
    expect(seen).toEqual(['step_completed', 'completed']);
  });
});
