import { HttpException, Module, type OnApplicationBootstrap, type Type } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { describe, expect, it } from '@jest/globals';
import { getOrchestratorToken } from '../../libs/orchestrator/src/decorators/inject-orchestrator.decorator.js';
import type { DeliveryResult } from '../../libs/orchestrator/src/engine/delivery.js';
import type { Deliver, DeliveryRequest } from '../../libs/orchestrator/src/execution/delivery-request.js';
import type { WorkflowOrchestrator } from '../../libs/orchestrator/src/orchestrator.service.js';
import { serviceOf } from '../../libs/orchestrator/src/testing/service-of.js';
import { deferred } from '../support/deferred.js';
import { fail } from '../support/handlers.js';
import { alpha, boot, broker, cookbook, run, sent, services, store, task, terminals } from '../support/services.js';

const REQUESTED = 'workflow.delivery_requested';
const echo = { reads: { echo: (input: unknown) => input } };
const steps = [
  task('work', 'alpha', 'echo', { sum: 3 }),
  task('receipt', 'beta', 'echo', { all: '{{delivery._result}}' }),
];
const delivered = { ...cookbook(...steps), delivery: { to: 'a@example.com', on_result: 'receipt' } };

/** Boots `alpha` and `beta`, and the service that delivers; tells what it was asked. */
async function courier(deliver: Deliver, limits: object = {}): Promise<DeliveryRequest[]> {
  const asked: DeliveryRequest[] = [];
  const noted: Deliver = (request) => (asked.push(request), deliver(request));
  const big = () => ({ text: 'x'.repeat(6_000) });
  await boot({ alpha: { reads: { ...echo.reads, big } }, beta: echo }, { limits }, [
    serviceOf('courier', {}, { deliver: noted, limits }),
  ]);
  return asked;
}

function within(inner: Type): Type {
  @Module({ imports: [inner] })
  class OuterModule {}
  return OuterModule;
}

describe('the option deliver', () => {
  it('is given what is to be delivered, and its answer goes to the step that is told of it', async () => {
    const asked = await courier(({ output }) => Promise.resolve({ status: 'completed', sent: output }));
    const { workflowId, ...summary } = await run(delivered, { tenantId: 't1', correlationId: 'c1' });
    const output = { all: { status: 'completed', sent: { sum: 3 } } };
    expect(summary).toMatchObject({ status: 'completed', output });
    expect(asked).toEqual([
      {
        workflowId,
        correlationId: 'c1',
        caller: { tenantId: 't1' },
        output: { sum: 3 },
        steps: { work: { sum: 3 } },
        delivery: { to: 'a@example.com', on_result: 'receipt' },
        idempotencyKey: `orchestrator:${workflowId}:0:receipt:delivery`,
      },
    ]);
  });

  it.each<[string, Deliver, object]>([
    ['nothing', () => undefined, { status: 'completed' }],
    ['that it was skipped', () => ({ status: 'skipped' }), { status: 'skipped' }],
    [
      'an error',
      fail(new HttpException('the mailbox is full', 507)),
      { status: 'failed', error: { type: 'BUSINESS', code: null, message: 'the mailbox is full' } },
    ],
    [
      'what is no result',
      () => ({ status: 'sent' }) as unknown as DeliveryResult,
      {
        status: 'failed',
        error: { type: 'VALIDATION', code: 'DELIVERY_RESULT_INVALID', message: expect.stringContaining('"sent"') },
      },
    ],
    ['what is no JSON', () => ({ status: 'completed', n: 1n }), { status: 'completed', truncated: true }],
    [
      'what is too large',
      () => ({ status: 'completed', text: 'x'.repeat(10_000) }),
      { status: 'completed', truncated: true },
    ],
  ])('may answer %s', async (_, deliver, all) => {
    const asked = await courier(deliver, { messageBytes: 9_000 });
    expect(await run(delivered)).toMatchObject({ status: 'completed', output: { all } });
    expect(asked).toHaveLength(1);
  });

  it('is given the whole output where that left no room beside the run', async () => {
    const asked = await courier(() => undefined, { messageBytes: 9_000 });
    const large = { ...delivered, steps: [task('work', 'alpha', 'big'), steps[1]] };
    expect(await run(large)).toMatchObject({ status: 'completed' });
    expect(sent(REQUESTED)).toEqual([expect.objectContaining({ truncated: true })]);
    const output = { text: 'x'.repeat(6_000) };
    expect(asked).toEqual([expect.objectContaining({ output, steps: { work: output } })]);
  });

  it('is asked again after a crash, under the same key, and not any more once the run has gone on', async () => {
    const gates = [deferred<DeliveryResult>(), deferred<DeliveryResult>()];
    let calls = 0;
    const asked = await courier(() => gates[calls++]?.promise);
    const { workflowId } = await alpha().start(delivered);
    await services.clock.advance(0);
    const again = services.hops.find(({ destination }) => destination === REQUESTED)?.body ?? '';
    broker().publish({ destination: REQUESTED, body: again, messageId: 'again' });
    await services.clock.advance(0);
    expect(asked.map(({ idempotencyKey }) => idempotencyKey)).toEqual([expect.any(String), asked[0]?.idempotencyKey]);
    gates[1]?.resolve({ status: 'completed', by: 'the second' });
    gates[0]?.resolve({ status: 'completed', by: 'the first' });
    await services.settle();
    broker().publish({ destination: REQUESTED, body: again, messageId: 'late' });
    await services.settle();
    expect(asked).toHaveLength(2);
    expect(await alpha().status(workflowId)).toMatchObject({ status: 'completed' });
    expect(terminals()).toHaveLength(1);
  });

  it('is not asked again where the resume is not accepted at once', async () => {
    const asked = await courier(() => undefined);
    const publish = broker().publish.bind(broker());
    let failures = 3;
    broker().publish = (message) => {
      if (message.destination === 'beta.workflow' && (failures -= 1) >= 0) throw new Error('the broker is away');
      publish(message);
    };
    const { workflowId } = await alpha().start(delivered);
    await services.clock.advance(10_000);
    await services.settle();
    expect(await alpha().status(workflowId)).toMatchObject({ status: 'completed' });
    expect([asked.length, failures]).toEqual([1, -1]);
  });

  it.each([
    ['was cancelled', 'cancelled', () => store().cancel('w')],
    ['expired', 'failed', () => services.clock.advance(120_000)],
  ])('is not asked for a run that %s meanwhile: it ends', async (_, status, meanwhile) => {
    const asked = await courier(() => undefined);
    const publish = broker().publish.bind(broker());
    const held: Parameters<typeof publish>[0][] = [];
    broker().publish = (message) => {
      if (message.destination === REQUESTED) held.push(message);
      else publish(message);
    };
    await run({ ...delivered, global_timeout_ms: 60_000 }, { workflowId: 'w' });
    await meanwhile();
    for (const message of held) publish(message);
    await services.settle();
    expect([held.length, asked, (await alpha().status('w')).status]).toEqual([1, [], status]);
  });

  it('leaves it to the run where nobody takes it up again', async () => {
    await courier(() => undefined);
    const [work] = steps;
    const document = { ...delivered, steps: [work, task('receipt', 'gone', 'echo')], api_input: {} };
    const message = { workflow_id: 'w', correlation_id: 'c', cookbook: document, current_step: 'work' };
    await alpha().processWorkflowMessage(message);
    await services.settle();
    expect(await alpha().status('w')).toMatchObject({ status: 'failed', failure: { code: 'UNROUTABLE' } });
  });

  it('is not asked for what is no hand-over: that goes to workflow.failed, as it came', async () => {
    const asked = await courier(() => undefined);
    for (const body of [
      '{}',
      JSON.stringify({ workflow_id: 'w', correlation_id: 'c', cookbook: cookbook(...steps), current_step: 'work' }),
    ]) {
      broker().publish({ destination: REQUESTED, body, messageId: body.slice(0, 5) });
    }
    await services.settle();
    expect(asked).toEqual([]);
    expect(sent('workflow.failed')).toEqual([
      expect.objectContaining({ raw: '{}', error: expect.objectContaining({ code: 'MESSAGE_INVALID' }) }),
      expect.objectContaining({ error: expect.objectContaining({ code: 'ARGUMENT_INVALID' }) }),
    ]);
  });

  it('leaves a hand-over of a newer version to a process that knows it', async () => {
    const asked = await courier(() => undefined);
    const document = { workflow_id: 'w', correlation_id: 'c', cookbook: delivered, current_step: 'receipt', seq: 2 };
    const publish = (protocol: number): void => {
      const body = JSON.stringify({ ...document, protocol });
      broker().publish({ destination: REQUESTED, body, messageId: `${protocol}` });
    };
    publish(99);
    await services.clock.advance(10_000);
    expect([asked, sent('workflow.failed')]).toEqual([[], []]);
    publish(1);
    await services.clock.advance(0);
    expect(asked).toHaveLength(1);
  });

  it('delivers also what is started while the application starts', async () => {
    @Module({ imports: [serviceOf('alpha', echo)] })
    class Early implements OnApplicationBootstrap {
      constructor(private readonly app: ModuleRef) {}
      async onApplicationBootstrap(): Promise<void> {
        const token = getOrchestratorToken('alpha');
        await this.app.get<WorkflowOrchestrator>(token, { strict: false }).start(delivered, { workflowId: 'early' });
        await new Promise((resolve) => setImmediate(resolve)); // the run goes as far as it can
      }
    }
    const asked: unknown[] = [];
    const late = serviceOf('courier', {}, { deliver: ({ workflowId }) => void asked.push(workflowId) });
    // Deeper modules start first.
    await boot({ beta: echo }, {}, [late, within(within(Early))]);
    await services.settle();
    expect(asked).toEqual(['early']);
  });
});

describe('resume', () => {
  type Envelope = Readonly<Record<string, unknown>>;
  const waiting = async (): Promise<{ workflowId: string; message: Envelope }> => {
    await boot({ alpha: echo, beta: echo });
    const { workflowId } = await run(delivered);
    return { workflowId, message: sent(REQUESTED)[0] ?? {} };
  };

  it.each([
    ['its id', ({ workflow_id }: Envelope) => String(workflow_id), 'is not among those handed over'],
    ['its message', (message: Envelope) => message, 'does not wait for its delivery'],
  ])('goes on with a run that was handed over, once, given %s', async (_, given, late) => {
    const { workflowId, message } = await waiting();
    expect(await alpha().resume(given(message), { status: 'failed', reason: 'bounced' })).toEqual({ workflowId });
    await services.settle();
    await expect(alpha().resume(given(message), { status: 'completed' })).rejects.toThrow(late);
    expect(await alpha().status(workflowId)).toMatchObject({
      status: 'completed',
      output: { all: { status: 'failed', reason: 'bounced' } },
    });
    expect(terminals()).toHaveLength(1);
  });

  it.each<[string, unknown, string]>([
    [
      'an unknown status',
      { status: 'sent' },
      'delivery_result.status must be "completed", "failed" or "skipped" (got "sent").',
    ],
    ['no object', 'completed', 'The delivery\'s result must be an object with "status" (got "completed").'],
    ['nothing', undefined, 'must be an object with "status" (got nothing)'],
    ['what is no JSON', { status: 'completed', n: 1n }, "The delivery's result must be JSON ("],
    ['what hides its status from JSON', { status: 'completed', toJSON: () => ({}) }, 'toJSON() leaves its "status"'],
  ])('refuses a result that makes no sense, and nothing happens: %s', async (_, result, message) => {
    const handedOver = await waiting();
    await expect(alpha().resume(handedOver.message, result as DeliveryResult)).rejects.toMatchObject({
      code: 'DELIVERY_RESULT_INVALID',
      message: expect.stringContaining(message),
    });
    expect((await alpha().status(handedOver.workflowId)).status).toBe('delivery_requested');
  });

  it('refuses a result that does not fit beside the run', async () => {
    const { message } = await waiting();
    const text = 'x'.repeat(1_100_000);
    await expect(alpha().resume(message, { status: 'completed', text })).rejects.toMatchObject({
      code: 'MESSAGE_TOO_LARGE',
    });
  });

  it('refuses a message that was not handed over', async () => {
    const { message } = await waiting();
    const result = { status: 'completed' } as const;
    const refused = async (given: unknown): Promise<unknown> =>
      alpha()
        .resume(given as object, result)
        .then(
          () => 'accepted',
          (error: unknown) => (error as { code: unknown }).code,
        );
    expect(await refused({ ...message, current_step: 'work' })).toBe('ARGUMENT_INVALID');
    expect(await refused({ ...message, delivery_result: result })).toBe('ARGUMENT_INVALID');
    expect(await refused(undefined)).toBe('ARGUMENT_INVALID');
    expect(await refused('another run')).toBe('ARGUMENT_INVALID');
    expect(await refused({})).toBe('MESSAGE_INVALID');
    await alpha().resume(message, result);
    await services.settle();
    expect(await refused(terminals()[0])).toBe('ARGUMENT_INVALID');
  });
});
