import { HttpException } from '@nestjs/common';
import { describe, expect, it } from '@jest/globals';
import type { OperationContext } from '../../libs/orchestrator/src/operations/operation.js';
import type { StateStore } from '../../libs/orchestrator/src/state/state.store.js';
import { alpha, boot, broker, cookbook, run, sent, services, store, task, terminals } from '../support/services.js';

const REQUESTED = 'workflow.delivery_requested';
const echo = { reads: { echo: (input: unknown) => input } };
const told = { s: '{{delivery._result.status}}' };
const receipt = (service = 'alpha', more: object = {}): object => task('receipt', service, 'echo', told, more);
const work = task('work', 'alpha', 'echo', { sum: 3 });
/** A cookbook that hands its run over before the step `receipt`. */
const delivered = (...steps: object[]): object => ({
  ...cookbook(...steps),
  delivery: { handler: 'webhook', on_result: 'receipt' },
});

type Envelope = Readonly<Record<string, unknown>>;
const handedOver = (): Envelope => sent(REQUESTED).at(-1) ?? {};
/** As somebody outside resumes a run: with the message as it was published, and the result in it. */
async function answer(delivery_result: unknown, envelope = handedOver(), service = 'alpha'): Promise<void> {
  const body = JSON.stringify({ ...envelope, delivery_result });
  broker().publish({ destination: `${service}.workflow`, body, messageId: 'answer' });
  await services.settle();
}
const statusOf = async (workflowId: unknown) => (await alpha().status(String(workflowId))).status;
/** What came of the run that was handed over. */
const ended = () => alpha().status(String(handedOver()['workflow_id']));

describe('a run whose delivery somebody is to tell of', () => {
  it('is handed over once, with the output of the step before, and then waits', async () => {
    await boot({ alpha: echo });
    const { workflowId, status } = await run(delivered(work, receipt()), { tenantId: 't1' });
    expect(status).toBe('delivery_requested');
    expect(sent(REQUESTED)).toEqual([
      expect.objectContaining({
        workflow_id: workflowId,
        tenant_id: 't1',
        status: 'delivery_requested',
        api_output: { sum: 3 },
        steps: { work: { sum: 3 } },
        delivery: { handler: 'webhook', on_result: 'receipt' },
        current_step: 'receipt',
        seq: 2,
      }),
    ]);
    expect(broker().kept(REQUESTED)).toHaveLength(1);
    expect(terminals()).toEqual([]);
  });

  it.each(['completed', 'failed', 'skipped'])('goes on when it was %s, and completes once', async (status) => {
    await boot({ alpha: echo, beta: echo });
    const last = task('last', 'beta', 'echo', { all: '{{delivery._result}}', r: '{{steps.receipt.output.s}}' });
    const { workflowId } = await run(delivered(work, receipt(), last));
    const result = alpha().result(workflowId);
    const told = { status, nested: { x: [1] } };
    await answer(told);
    expect(await result).toMatchObject({
      output: { all: told, r: status },
      steps: { work: { sum: 3 }, receipt: { s: status } },
    });
    expect(terminals()).toEqual([
      expect.objectContaining({ status: 'completed', api_output: { all: told, r: status }, delivery_result: told }),
    ]);
  });

  it('is not over before it has gone on to its end', async () => {
    await boot({ alpha: echo });
    const { workflowId } = await run(delivered(work, receipt()));
    const early = alpha().result(workflowId, { timeout: '1s' });
    const refused = expect(early).rejects.toThrow('It waits for its delivery: give a service the option deliver');
    await services.clock.advance(1_000);
    await refused;
  });

  it('fails without a hand-over where a step before it fails', async () => {
    await boot({ alpha: { reads: { ...echo.reads, no: () => { throw new HttpException('no', 400); } } } }); // prettier-ignore
    expect(await run(delivered(task('work', 'alpha', 'no'), receipt()))).toMatchObject({ status: 'failed' });
    expect(sent(REQUESTED)).toEqual([]);
  });

  it('may be one of the original: its references are lenient, before and after', async () => {
    await boot({ alpha: echo });
    const early = task('early', 'alpha', 'echo', told);
    const message = {
      workflow_id: 'old',
      correlation_id: 'c',
      cookbook: { ...delivered(early, receipt(), task('last', 'alpha', 'echo', { v: '{{nothing}}' })), api_input: {} },
      current_step: 'early',
    };
    await alpha().processWorkflowMessage(message);
    expect(handedOver()).toMatchObject({ api_output: told, lenient: true });
    const { workflow_id, correlation_id, cookbook: document, current_step } = handedOver(); // what the original knows
    await answer({ status: 'completed' }, { workflow_id, correlation_id, cookbook: document, current_step });
    expect(await ended()).toMatchObject({
      status: 'completed',
      steps: { early: told, receipt: { s: 'completed' }, last: { v: '{{nothing}}' } },
    });
  });

  it('may be one that the original has resumed: it kept the result in the cookbook', async () => {
    await boot({ alpha: echo });
    const document = {
      ...cookbook(work, receipt(), task('last', 'alpha', 'echo', told)),
      delivery: { on_result: 'receipt', _result: { status: 'skipped' } },
    };
    const message = { workflow_id: 'old', correlation_id: 'c', cookbook: document };
    await alpha().processWorkflowMessage({ ...message, current_step: 'last' });
    expect(await alpha().status('old')).toMatchObject({ status: 'completed', output: { s: 'skipped' } });
    await alpha().processWorkflowMessage({ ...message, workflow_id: 'anew', current_step: 'work' });
    expect(await statusOf('anew')).toBe('delivery_requested');
  });
});

describe('the step that is told of the delivery', () => {
  const flaky = () => {
    const attempts: unknown[] = [];
    const handle = (input: unknown, { attempt }: OperationContext): unknown => {
      attempts.push(input);
      if (attempt === 1) throw new HttpException('busy', 503);
      return input;
    };
    return { attempts, operations: { reads: { ...echo.reads, flaky: handle } } };
  };
  const each = task('each', 'beta', 'flaky', told);
  it.each<[string, object]>([
    ['a task', task('receipt', 'beta', 'flaky', told)],
    ['a group', { step_id: 'receipt', type: 'steps', steps: [task('first', 'alpha', 'echo', told), each] }],
    ['a switch', { step_id: 'receipt', type: 'switch', expression: told.s, cases: { failed: each } }],
    ['a foreach', { step_id: 'receipt', type: 'foreach', iterator: '{{api_input}}', body: [each] }],
    [
      'a fork on two services',
      {
        step_id: 'receipt',
        type: 'fork_join',
        branches: { l: task('first', 'alpha', 'echo', told), r: each },
        join: { strategy: 'all' },
      },
    ],
  ])('is told again at each attempt, as %s', async (_, step) => {
    const { attempts, operations } = flaky();
    await boot({ alpha: echo, beta: operations });
    const last = task('last', 'alpha', 'echo', told);
    await run(delivered(work, step, last), { input: [1] });
    await answer({ status: 'failed' });
    expect(await ended()).toMatchObject({ status: 'completed', output: { s: 'failed' } });
    expect(attempts).toEqual([{ s: 'failed' }, { s: 'failed' }]);
  });

  it('may stand right after a fork over two services', async () => {
    await boot({ alpha: echo, beta: echo });
    const branches = { l: task('l', 'alpha', 'echo', { v: 1 }), r: task('r', 'beta', 'echo', { v: 2 }) };
    const fork = { step_id: 'fork', type: 'fork_join', branches, join: { strategy: 'all' } };
    await run(delivered(fork, receipt('beta')));
    expect(sent(REQUESTED)).toHaveLength(1);
    expect(handedOver()).toMatchObject({ api_output: { branches: { l: { v: 1 }, r: { v: 2 } } }, line: '' });
    await answer({ status: 'completed' }, handedOver(), 'beta');
    expect(await ended()).toMatchObject({ status: 'completed', output: { s: 'completed' } });
  });

  it('may follow more control flow than is interpreted at once', async () => {
    await boot({ alpha: echo });
    const none = { step_id: 'none', type: 'switch', expression: 'x', cases: {} };
    for (let items = 990; items <= 1_000; items += 1) {
      const loop = { step_id: 'loop', type: 'foreach', iterator: '{{api_input}}', body: [none] };
      const input = Array.from({ length: items }, (_, index) => index);
      expect(await run(delivered(loop, receipt()), { input })).toMatchObject({ status: 'delivery_requested' });
    }
  });
});

describe('a result that makes no sense', () => {
  const INVALID = { code: 'DELIVERY_RESULT_INVALID', source: 'engine', type: 'VALIDATION', retryable: false };

  it.each<[string, unknown]>([
    ['an unknown status', { status: 'delivered' }],
    ['no status', { ok: true }],
    ['nothing', undefined],
  ])('fails the run at the step that is told of it: %s', async (_, result) => {
    await boot({ alpha: echo });
    await run(delivered(work, receipt()));
    await answer(result);
    expect(await ended()).toMatchObject({ status: 'failed', failure: { ...INVALID, path: 'receipt' } });
    expect(sent('workflow.failed')).toEqual([
      expect.objectContaining({ error: expect.objectContaining({ reason: 'non_retryable_validation' }) }),
    ]);
  });

  it.each([
    ['by nobody', cookbook(work)],
    ['later', delivered(work, receipt())],
  ])('fails the run where one is asked for %s', async (_, document) => {
    await boot({ alpha: echo });
    const message = { workflow_id: 'w', correlation_id: 'c', cookbook: document, current_step: 'work' };
    await alpha().processWorkflowMessage({ ...message, delivery_result: { status: 'completed' } });
    expect(await alpha().status('w')).toMatchObject({ status: 'failed', failure: { ...INVALID, path: 'work' } });
  });
});

describe('a hand-over that happens twice', () => {
  it('is said twice with one content, and goes on once', async () => {
    let works = 0;
    await boot({ alpha: { ...echo, mutates: { work: () => ({ works: (works += 1) }) } } });
    await run(delivered(task('work', 'alpha', 'work'), receipt()));
    await services.clock.advance(60_000); // the lease of the process that died ends
    broker().publish({ destination: 'alpha.workflow', body: services.hops[0]?.body ?? '', messageId: 'again' });
    await services.settle();
    const [first, second, ...others] = services.hops.filter(({ destination }) => destination === REQUESTED);
    expect([second?.body, others]).toEqual([first?.body, []]);
    expect(broker().kept(REQUESTED)).toHaveLength(1); // one id
    for (const { message } of [first, second].flatMap((hop) => hop ?? []))
      await answer({ status: 'completed' }, message);
    expect([works, (await ended()).status]).toEqual([1, 'completed']);
    expect(terminals().every((terminal) => JSON.stringify(terminal) === JSON.stringify(terminals()[0]))).toBe(true);
  });

  it('survives a crash between its record and its message', async () => {
    await boot({ alpha: echo });
    const publish = broker().publish.bind(broker());
    broker().publish = (message) => {
      if (message.destination !== REQUESTED) publish(message);
    };
    const { status } = await run(delivered(work, receipt()));
    expect([status, sent(REQUESTED)]).toEqual(['delivery_requested', []]);
    broker().publish = publish;
    await services.clock.advance(60_000);
    publish({ destination: 'alpha.workflow', body: services.hops[0]?.body ?? '', messageId: 'again' });
    await services.settle();
    await answer({ status: 'completed' });
    expect(await ended()).toMatchObject({ status: 'completed', output: { s: 'completed' } });
  });

  it('is recorded before it is said: while the store is away nothing is handed over', async () => {
    await boot({ alpha: echo });
    const target = store() as StateStore;
    const record = target.record.bind(target);
    let away = 2;
    target.record = (...args) => ((away -= 1) >= 0 ? Promise.reject(new Error('away')) : record(...args));
    await run(delivered(work, receipt()));
    expect([away, sent(REQUESTED).length]).toEqual([-1, 1]);
  });

  it.each<[string, (index: number) => object]>([
    ['the same', () => ({ status: 'completed' })],
    ['another', (index) => ({ status: 'completed', index })],
  ])('by its result, %s, executes the step once: the first counts', async (_, result) => {
    const seen: unknown[] = [];
    await boot({ alpha: { ...echo, mutates: { note: (input: unknown) => (seen.push(input), input) } } });
    await run(delivered(work, task('receipt', 'alpha', 'note', { all: '{{delivery._result}}' })));
    const envelope = handedOver();
    for (let index = 0; index < 3; index += 1) {
      const body = JSON.stringify({ ...envelope, delivery_result: result(index) });
      broker().publish({ destination: 'alpha.workflow', body, messageId: `${index}` });
    }
    await services.settle();
    await services.clock.advance(60_000);
    await answer(result(9));
    expect(seen).toEqual([{ all: result(0) }]);
    expect(new Set(terminals().map((terminal) => JSON.stringify(terminal))).size).toBe(1);
    expect(terminals()[0]).toMatchObject({ status: 'completed', delivery_result: result(0) });
  });
});

describe('a run that is to end while it is handed over', () => {
  it('because it was cancelled ends so when it comes back: the step is not told', async () => {
    await boot({ alpha: echo });
    const { workflowId } = await run(delivered(work, receipt()));
    await store().cancel(workflowId);
    expect(await statusOf(workflowId)).toBe('cancelling');
    await answer({ status: 'completed' });
    const summary = await ended();
    expect(summary).toMatchObject({ status: 'cancelled', failure: { code: 'RUN_CANCELLED', path: 'receipt' } });
    expect(summary).not.toMatchObject({ steps: { receipt: expect.anything() } });
  });

  it('because its time is over fails when it comes back', async () => {
    await boot({ alpha: echo });
    const { workflowId } = await run({ ...delivered(work, receipt()), global_timeout_ms: 60_000 });
    await services.clock.advance(60_000);
    expect(await statusOf(workflowId)).toBe('delivery_requested');
    await answer({ status: 'completed' });
    expect(await ended()).toMatchObject({ status: 'failed', failure: { code: 'RUN_EXPIRED' } });
  });
});

describe('a run that fails after it was handed over, and is tried again', () => {
  const failsOnce = () => {
    let calls = 0;
    const once = (input: unknown): unknown => {
      if ((calls += 1) === 1) throw new HttpException('no', 400);
      return input;
    };
    return boot({ alpha: { reads: { ...echo.reads, once } } });
  };
  const last = task('last', 'alpha', 'once', told);
  const fail = async (): Promise<string> => {
    await failsOnce();
    const { workflowId } = await run(delivered(work, receipt(), last));
    await answer({ status: 'skipped' });
    expect(await statusOf(workflowId)).toBe('failed');
    return workflowId;
  };

  it('keeps its result', async () => {
    const workflowId = await fail();
    await alpha().requeue(workflowId);
    await services.settle();
    expect(await ended()).toMatchObject({ status: 'completed', output: { s: 'skipped' } });
    expect(sent(REQUESTED)).toHaveLength(1);
  });

  it('is handed over anew where it begins before that, and the earlier result is of the past', async () => {
    const workflowId = await fail();
    const earlier = handedOver();
    await alpha().requeue(workflowId, { from: 'work' });
    await services.settle();
    expect(broker().kept(REQUESTED).map(({ messageId }) => messageId)).toEqual([0, 1].map((epoch) => `${workflowId}:${epoch}:delivery_requested`)); // prettier-ignore
    await answer({ status: 'completed' }, earlier);
    expect(await statusOf(workflowId)).toBe('delivery_requested');
    await alpha().resume(workflowId, { status: 'failed' });
    await services.settle();
    expect(await ended()).toMatchObject({ status: 'completed', output: { s: 'failed' } });
  });
});

describe('a run that failed of its result', () => {
  it('is handed over anew where it begins before that', async () => {
    await boot({ alpha: echo, beta: echo });
    const { workflowId } = await run(delivered(task('work', 'beta', 'echo', { sum: 3 }), receipt()));
    await answer({ status: 'sent' });
    expect(await statusOf(workflowId)).toBe('failed');
    services.hops.length = 0;
    await alpha().requeue(workflowId, { from: 'work' });
    await services.settle();
    expect(services.hops.map(({ destination }) => destination)).toEqual(['beta.workflow', REQUESTED]);
    await answer({ status: 'completed' });
    expect(await ended()).toMatchObject({ status: 'completed', output: { s: 'completed' } });
  });
});

describe('a run without a record', () => {
  it('is handed over, and goes on when it comes back', async () => {
    await boot({ alpha: echo, beta: echo }, { state: false });
    await run(delivered(work, receipt('beta')));
    await alpha().resume(handedOver(), { status: 'completed' });
    await services.settle();
    expect(terminals()).toEqual([expect.objectContaining({ status: 'completed', api_output: { s: 'completed' } })]);
  });
});

describe('a run that is too large to come back', () => {
  it('fails at the step that made it so, instead of being handed over', async () => {
    await boot(
      { alpha: { reads: { ...echo.reads, big: () => 'x'.repeat(9_500) } } },
      { limits: { messageBytes: 10_000 } },
    );
    expect(await run(delivered(task('work', 'alpha', 'big'), receipt()))).toMatchObject({
      status: 'failed',
      failure: { code: 'MESSAGE_TOO_LARGE', path: 'work' },
    });
    expect(sent(REQUESTED)).toEqual([]);
  });
});
