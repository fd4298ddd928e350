import { describe, expect, it } from '@jest/globals';
import type { OperationContext } from '../../libs/orchestrator/src/operations/operation.js';
import { alpha, boot, broker, cookbook, run, sent, services, task, terminals } from '../support/services.js';
import { fail } from '../support/handlers.js';
import type { TestOperations } from '../../libs/orchestrator/src/testing/service-of.js';

/** Operations of which `pay` fails until `mended`; keys and attempts of every call are noted. */
function shop(): {
  readonly log: string[];
  readonly keys: string[];
  mended: boolean;
  readonly operations: TestOperations;
} {
  const shop = { log: [] as string[], keys: [] as string[], mended: false, operations: {} as TestOperations };
  const note = ({ path, attempt, idempotencyKey }: OperationContext): void => {
    shop.log.push(`${path}#${attempt}`);
    shop.keys.push(idempotencyKey);
  };
  const operations: TestOperations = {
    reads: { look: (input: never) => input },
    mutates: {
      reserve: (_: never, context) => (note(context), context.path),
      pay: (input: never, context) => (note(context), shop.mended ? input : fail({ status: 503, message: 'closed' })()),
    },
  };
  return Object.assign(shop, { operations });
}

const document = cookbook(
  task('reserve', 'alpha', 'reserve'),
  task('pay', 'alpha', 'pay', { amount: '{{api_input.amount}}' }, { retry: { max_attempts: 2 } }),
);
const input = { amount: 1 };

describe('a failed run', () => {
  it('is listed, shown and requeued by its id: the failed step goes on, under its key, its attempts count anew', async () => {
    const { log, keys, ...state } = shop();
    const mend = state;
    await boot({ alpha: state.operations });
    const { workflowId } = await run(document, { input, tenantId: 't' });
    expect(await alpha().failed.list()).toMatchObject([{ workflowId, tenantId: 't', status: 'failed', error: { path: 'pay', total_attempts: 2 } }]); // prettier-ignore
    expect(await alpha().failed.get(workflowId)).toMatchObject({ envelope: { workflow_id: workflowId } });
    expect(await alpha().failed.get('other')).toBeUndefined();

    await alpha().requeue(workflowId);
    await services.settle();
    expect(log).toEqual(['reserve#1', 'pay#1', 'pay#2', 'pay#1', 'pay#2']);
    expect(new Set(keys).size).toBe(2);
    expect(await alpha().failed.list()).toMatchObject([{ workflowId, error: { total_attempts: 2 } }]);
    expect(mend.mended).toBe(false);
  });

  it('completes once its cause is mended, with what it had come to before', async () => {
    const state = shop();
    await boot({ alpha: state.operations });
    const { workflowId } = await run(document, { input });
    state.mended = true;
    await alpha().requeue(workflowId);
    await services.settle();
    expect(await alpha().status(workflowId)).toMatchObject({
      status: 'completed',
      steps: { reserve: 'reserve', pay: input },
    });
    expect(await alpha().failed.list()).toEqual([]);
    expect(terminals().map(({ status }) => status)).toEqual(['completed', 'failed']);
  });

  it('begins at an earlier step, and with another input, under other keys', async () => {
    const state = shop();
    await boot({ alpha: state.operations });
    const { workflowId } = await run(document, { input });
    state.mended = true;
    await alpha().requeue(workflowId, { from: 'reserve', input: { amount: 2 } });
    await services.settle();
    expect(await alpha().status(workflowId)).toMatchObject({ status: 'completed', output: { amount: 2 } });
    expect(state.log.slice(3)).toEqual(['reserve#1', 'pay#1']);
    expect(new Set(state.keys).size).toBe(4);
  });

  it('is requeued from its message, also when that is no longer listed', async () => {
    const state = shop();
    await boot({ alpha: state.operations });
    const { workflowId } = await run(document, { input });
    const envelope = (await alpha().failed.get(workflowId))?.envelope ?? {};
    broker().remove('workflow.failed', `${workflowId}:0:failed`);
    state.mended = true;
    await alpha().requeue(envelope);
    await services.settle();
    expect(await alpha().status(workflowId)).toMatchObject({ status: 'completed' });
  });

  it('is requeued with a changed cookbook, which is checked as any: what does not fit its position is refused, and nothing lost', async () => {
    const state = shop();
    await boot({ alpha: state.operations });
    const { workflowId } = await run(document, { input });
    const envelope = structuredClone((await alpha().failed.get(workflowId))?.envelope) as never as {
      cookbook: { steps: Record<string, unknown>[] };
      current_step: string;
    };
    const [reserve, pay] = envelope.cookbook.steps;
    envelope.cookbook.steps = [reserve ?? {}, { ...pay, service: 5 }];
    await expect(alpha().requeue(envelope)).rejects.toMatchObject({ code: 'COOKBOOK_INVALID' });
    envelope.cookbook.steps = [reserve ?? {}];
    await expect(alpha().requeue(envelope)).rejects.toMatchObject({ code: 'MESSAGE_INVALID' });
    envelope.cookbook.steps = [reserve ?? {}, { ...pay, operation: 'look' }, task('more', 'alpha', 'look', { v: '{{steps.pay.output.amount}}' }) as Record<string, unknown>]; // prettier-ignore
    await alpha().requeue(envelope);
    await services.settle();
    expect(await alpha().status(workflowId)).toMatchObject({ status: 'completed', output: { v: 1 } });
    expect(await alpha().failed.list()).toHaveLength(1); // requeued by its message: whoever has that takes it away
  });

  it('enters a failed fork anew, under the same keys, without what its parts came to; old parts are stale', async () => {
    const state = shop();
    await boot({ alpha: state.operations, beta: state.operations });
    const branches = {
      a: task('a', 'alpha', 'reserve'),
      b: task('b', 'beta', 'pay', {}, { retry: { max_attempts: 1 } }),
    };
    const { workflowId } = await run(
      cookbook({ step_id: 'f', type: 'fork_join', branches, join: { strategy: 'all' } }),
    );
    const old = sent('alpha.workflow').find(({ line }) => line === 'f@1/a');
    state.mended = true;
    await alpha().requeue(workflowId);
    await services.settle();
    expect(await alpha().status(workflowId)).toMatchObject({
      status: 'completed',
      output: { branches: { a: 'f.a.a' } },
    });
    expect(state.log.toSorted()).toEqual(['f.a.a#1', 'f.a.a#1', 'f.b.b#1', 'f.b.b#1']);
    expect(new Set(state.keys).size).toBe(2);
    expect(await alpha().processWorkflowMessage(old ?? {})).toEqual({ skipped: true, reason: 'stale' });
  });

  it('that was requeued since is not requeued again from its old message', async () => {
    const state = shop();
    await boot({ alpha: state.operations });
    const { workflowId } = await run(document, { input });
    const envelope = (await alpha().failed.get(workflowId))?.envelope ?? {};
    await alpha().requeue(workflowId);
    await services.settle();
    await expect(alpha().requeue(envelope)).rejects.toMatchObject({ code: 'RUN_NOT_REQUEUABLE', message: expect.stringContaining('epoch 1') as never }); // prettier-ignore
  });

  it('requeued twice at once goes on once', async () => {
    const state = shop();
    await boot({ alpha: state.operations });
    const { workflowId } = await run(document, { input });
    const envelope = (await alpha().failed.get(workflowId))?.envelope ?? {};
    state.mended = true;
    await Promise.all([alpha().requeue(envelope), alpha().requeue(envelope)]);
    await services.settle();
    expect(state.log.slice(3)).toEqual(['pay#1']);
    expect(terminals()).toHaveLength(2);
  });

  it('whose message was refused is requeued from what it was, once that can be read', async () => {
    const state = shop();
    state.mended = true;
    await boot({ alpha: state.operations });
    const poor = {
      workflow_id: 'w',
      correlation_id: 'w',
      cookbook: { ...document, api_input: input },
      current_step: 'gone',
    };
    await alpha().processWorkflowMessage(poor);
    const [{ envelope } = { envelope: {} }] = await alpha().failed.list();
    await expect(alpha().requeue(envelope)).rejects.toMatchObject({ code: 'MESSAGE_INVALID' });
    await alpha().requeue({ ...envelope, raw: JSON.stringify({ ...poor, current_step: 'pay' }) });
    await services.settle();
    expect(await alpha().status('w')).toMatchObject({ status: 'completed', output: input });
  });

  it('of which the message of a part was refused enters that fork anew: the part alone would meet nobody', async () => {
    const state = shop();
    await boot({ alpha: state.operations, beta: state.operations });
    const publish = broker().publish.bind(broker());
    let breaks = true;
    broker().publish = (message) => {
      const { line } = JSON.parse(message.body) as { readonly line?: string };
      const spoilt = breaks && line === 'f@1/b' ? { body: message.body.replaceAll('"beta"', '7') } : {};
      publish({ ...message, ...spoilt });
    };
    const branches = { a: task('a', 'alpha', 'reserve'), b: task('b', 'beta', 'reserve') };
    const fork = { step_id: 'f', type: 'fork_join', branches, join: { strategy: 'all' } };
    expect(await run(cookbook(fork))).toMatchObject({ status: 'failed', failure: { code: 'COOKBOOK_INVALID' } });
    breaks = false;
    const [{ envelope } = { envelope: {} }] = await alpha().failed.list();
    const raw = String((envelope as { readonly raw?: unknown }).raw).replaceAll('"service":7', '"service":"beta"');
    const { workflowId } = await alpha().requeue({ ...envelope, raw });
    await services.settle();
    expect(await alpha().status(workflowId)).toMatchObject({
      status: 'completed',
      output: { branches: { a: 'f.a.a', b: 'f.b.b' } },
    });
  });
});

describe('a failed run whose secrets were removed', () => {
  const log: unknown[] = [];
  const operations: TestOperations = {
    mutates: { pay: (input: never) => (log.push(input), log.length === 1 ? fail({ status: 409 })() : 'paid') },
  };
  const secret = { card: '4242-4242-4242', amount: 1 };
  const paying = cookbook(task('pay', 'alpha', 'pay', { card: '{{api_input.card}}', amount: '{{api_input.amount}}' }));

  it('is requeued with them only: the error names what is missing', async () => {
    log.length = 0;
    await boot({ alpha: operations }, { operations: { pay: { sensitive_input_fields: ['card'] } } });
    const { workflowId } = await run(paying, { input: secret });
    expect(JSON.stringify(await alpha().failed.list())).not.toContain('4242');
    await expect(alpha().requeue(workflowId)).rejects.toMatchObject({ code: 'SENSITIVE_INPUT_REQUIRED', pointers: ['/api_input/card'] }); // prettier-ignore
    await expect(alpha().requeue(workflowId, { input: { amount: 2 } })).rejects.toMatchObject({ code: 'SENSITIVE_INPUT_REQUIRED' }); // prettier-ignore
    await alpha().requeue(workflowId, { input: secret });
    expect(await alpha().status(workflowId)).toEqual({ status: 'running' });
    await services.settle();
    expect(await alpha().status(workflowId)).toMatchObject({ status: 'completed', output: 'paid' });
    expect(log).toEqual([secret, secret]);
    expect(JSON.stringify(terminals())).not.toContain('4242');
  });
});

describe('the keys of a run that is requeued with an input', () => {
  const keys: string[] = [];
  const operations: TestOperations = {
    mutates: {
      pay: (_: never, { idempotencyKey }: OperationContext) => (keys.push(idempotencyKey), fail({ status: 409 })()),
    },
  };
  const paying = cookbook(task('pay', 'alpha', 'pay', { card: '{{api_input.card}}', amount: '{{api_input.amount}}' }));
  const input = { card: '4242-4242-4242', amount: [1, { note: 'for 4242-4242-4242' }] };

  it.each<[string, object, number]>([
    ['stay when it is the one before, whole again', input, 1],
    ['are new when it is another', { ...input, amount: 2 }, 2],
    ['are new when it has more', { ...input, tip: 1 }, 2],
  ])('%s', async (_, again, different) => {
    keys.length = 0;
    await boot({ alpha: operations }, { operations: { pay: { sensitive_input_fields: ['card'] } } });
    const { workflowId } = await run(paying, { input });
    await alpha().requeue((await alpha().failed.get(workflowId)) ?? {}, { input: again });
    await services.settle();
    expect(keys).toHaveLength(2);
    expect(new Set(keys).size).toBe(different);
  });
});

describe('whoever hears that a run has failed', () => {
  it('finds it among the failed ones at once, and can requeue it', async () => {
    const state = shop();
    await boot({ alpha: state.operations });
    const { workflowId } = await alpha().start(
      cookbook(task('pay', 'alpha', 'pay', {}, { retry: { max_attempts: 1 } })),
    );
    await alpha()
      .result(workflowId)
      .catch(() => undefined);
    expect(await alpha().failed.get(workflowId)).toMatchObject({ workflowId });
    await alpha().requeue(workflowId);
    await services.settle();
  });
});

describe('requeue refuses', () => {
  it.each<[string, string, object, object]>([
    ['a step that does not exist', 'ARGUMENT_INVALID', { from: 'gone' }, {}],
    ['a step that was not reached', 'ARGUMENT_INVALID', { from: 'after' }, {}],
    ['options that are none', 'ARGUMENT_INVALID', [], {}],
    ['an input that its cookbook refuses', 'INPUT_INVALID', { input: { amount: 'much' } }, { input_schema: { type: 'object', properties: { amount: { type: 'number' } } } }], // prettier-ignore
  ])('%s, and the run is still listed', async (_, code, options, more) => {
    const state = shop();
    await boot({ alpha: state.operations });
    const { steps } = document as { steps: object[] };
    const { workflowId } = await run({ ...cookbook(...steps, task('after', 'alpha', 'look')), ...more }, { input });
    await expect(alpha().requeue(workflowId, options)).rejects.toMatchObject({ code });
    expect(await alpha().failed.list()).toHaveLength(1);
    expect(await alpha().status(workflowId)).toMatchObject({ status: 'failed' });
  });

  it('a run that runs, has completed, or is not known', async () => {
    const state = shop();
    state.mended = true;
    await boot({ alpha: state.operations });
    const { workflowId } = await run(document, { input });
    await expect(alpha().requeue(workflowId)).rejects.toMatchObject({ code: 'RUN_NOT_REQUEUABLE', message: expect.stringContaining('has completed') as never }); // prettier-ignore
    await expect(alpha().requeue('never')).rejects.toMatchObject({ code: 'RUN_NOT_REQUEUABLE', message: expect.stringContaining('Check the id') as never }); // prettier-ignore
    const [terminal] = terminals();
    await expect(alpha().requeue(terminal ?? {})).rejects.toMatchObject({ code: 'RUN_NOT_REQUEUABLE' });
  });
});
