import { describe, expect, it } from '@jest/globals';
import type { OperationContext } from '../../libs/orchestrator/src/operations/operation.js';
import { deferred } from '../support/deferred.js';
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

describe('a state store that fails', () => {
  it('before anything was executed puts the same message back: no attempt is consumed', async () => {
    const { count, operations } = counting();
    await boot({ alpha: operations });
    failing('claim', 2, 'before');
    expect(await run(cookbook(task('a', 'alpha', 'charge')))).toMatchObject({ status: 'completed', output: 1 });
    expect(count.charge).toBe(1);
    expect(new Set(sent('alpha.workflow').map((message) => message['hop_id'])).size).toBe(1);
  });

  it.each(['before', 'after'] as const)(
    'when an effect is recorded (%s) neither loses nor repeats it: the message carries it',
    async (when) => {
      const { count, operations } = counting();
      await boot({ alpha: operations, beta: { reads: { read: () => 'b' } } });
      failing('record', 2, when);
      const steps = [task('r', 'alpha', 'read'), task('a', 'alpha', 'charge'), task('b', 'beta', 'read')];
      expect(await run(cookbook(...steps))).toMatchObject({ status: 'completed', steps: { r: 1, a: 1, b: 'b' } });
      expect(count).toEqual({ read: 1, charge: 1 });
      expect(terminals()).toHaveLength(1);
    },
  );

  it('after the effect puts back a message with the outcome in it', async () => {
    const { operations } = counting();
    await boot({ alpha: operations });
    let calls = 0;
    const record = store().record.bind(store());
    store().record = (holder, outcomes) =>
      (calls += 1) === 1 ? Promise.reject(new Error('away')) : record(holder, outcomes);
    await run(cookbook(task('a', 'alpha', 'charge')));
    const [first, moved] = sent('alpha.workflow');
    expect(moved).toMatchObject({
      hop_id: first?.['hop_id'],
      seq: first?.['seq'],
      carry: { a: { attempt: 1, outcome: { output: 1 } } },
    });
  });

  it.each(['before', 'after'] as const)('when the run ends (%s) ends it once, with one content', async (when) => {
    const { count, operations } = counting();
    await boot({ alpha: operations });
    failing('end', 2, when);
    expect(await run(cookbook(task('a', 'alpha', 'charge')))).toMatchObject({ status: 'completed', output: 1 });
    expect(count.charge).toBe(1);
    expect(terminals()).toHaveLength(1);
  });
});

describe('a message that comes again', () => {
  it('while it is at work waits, and then finds the run gone on: nothing is executed twice', async () => {
    const gate = deferred<undefined>();
    let calls = 0;
    await boot({ alpha: { mutates: { charge: async () => ((calls += 1), await gate.promise, calls) } } });
    const { workflowId } = await alpha().start(cookbook(task('a', 'alpha', 'charge'), task('b', 'alpha', 'charge')));
    await services.clock.advance(0);
    broker().publish({ destination: 'alpha.workflow', body: services.hops[0]?.body ?? '', messageId: 'again' });
    await services.clock.advance(0);
    expect(calls).toBe(1);
    gate.resolve(undefined);
    await services.settle();
    expect(calls).toBe(2);
    expect(await alpha().status(workflowId)).toMatchObject({ status: 'completed' });
    const [first, ...repeats] = terminals();
    for (const repeat of repeats) expect(repeat).toEqual(first);
  });

  it('after a crash before the next hop was sent replays what is recorded and sends the same', async () => {
    const { count, operations } = counting();
    await boot({ alpha: operations, beta: { reads: { read: ({ v }: { v: number }) => v } } });
    const publish = broker().publish.bind(broker());
    let lost: unknown;
    broker().publish = (message) => {
      if (message.destination === 'beta.workflow' && lost === undefined) lost = message;
      else publish(message);
    };
    const steps = [
      task('r', 'alpha', 'read'),
      task('a', 'alpha', 'charge'),
      task('b', 'beta', 'read', { v: '{{steps.r.output}}' }),
    ];
    const { workflowId } = await alpha().start(cookbook(...steps));
    await services.settle();
    expect(await alpha().status(workflowId)).toMatchObject({ status: 'running' });
    await services.clock.advance(60_000); // the lease of the process that died ends
    publish({ destination: 'alpha.workflow', body: services.hops[0]?.body ?? '', messageId: 'again' });
    await services.settle();
    expect(await alpha().status(workflowId)).toMatchObject({ status: 'completed', steps: { r: 1, a: 1, b: 1 } });
    expect(count).toEqual({ read: 1, charge: 1 });
  });

  it('after a crash before the terminal was sent says the same end, and executes nothing', async () => {
    const { count, operations } = counting();
    await boot({ alpha: operations });
    await run(cookbook(task('r', 'alpha', 'read'), task('a', 'alpha', 'charge')));
    await services.clock.advance(60_000);
    broker().publish({
      destination: 'alpha.workflow',
      body: services.hops[0]?.body ?? '',
      messageId: 'again',
    });
    await services.settle();
    const [first, second, ...others] = terminals();
    expect(second).toEqual(first);
    expect(others).toEqual([]);
    expect(count).toEqual({ read: 1, charge: 1 });
  });

  it('as a copy with another id is not executed: a run has one line', async () => {
    const { count, operations } = counting();
    await boot({ alpha: operations });
    await run(cookbook(task('a', 'alpha', 'charge')));
    const copy = { ...services.hops[0]?.message, hop_id: 'another' };
    expect(await alpha().processWorkflowMessage(copy)).toEqual({ skipped: true, reason: 'stale' });
    expect(count.charge).toBe(1);
  });
});

describe('a message that is none', () => {
  it.each(['', 'not json', '[]', '{}', '{"workflow_id":"w"}'])(
    'goes to workflow.failed as it came, with the reason: %p',
    async (body) => {
      await boot({ alpha: counting().operations });
      broker().publish({ destination: 'alpha.workflow', body, messageId: 'm' });
      await services.settle();
      expect(sent('workflow.failed')).toEqual([
        expect.objectContaining({
          status: 'failed',
          raw: body,
          error: expect.objectContaining({ code: 'MESSAGE_INVALID' }),
        }),
      ]);
    },
  );

  it('stands where its cookbook has no place, or holds frames that do not nest', async () => {
    await boot({ alpha: counting().operations });
    const group = { step_id: 'g', type: 'steps', steps: [task('a', 'alpha', 'read')] };
    const message = {
      workflow_id: 'w',
      correlation_id: 'c',
      cookbook: cookbook(group),
      current_step: 'g',
      protocol: 1,
      seq: 1,
      hop_id: 'h',
    };
    const hostile = [
      { current_step: 'a' },
      { position: { frames: [{ step: 'a' }] } },
      { position: { frames: [{ step: 'g' }] } },
      { position: { frames: [{ step: 'g', at: 5, results: {} }] } },
      {
        position: {
          frames: [
            { step: 'g', at: 0, results: {} },
            { step: 'g', at: 0, results: {} },
          ],
        },
      },
      { position: { frames: [{ step: 'g', at: 0, results: {}, part: { name: 'x', of: [], seq: 0, history: 0 } }] } },
    ];
    for (const change of hostile) {
      expect(await alpha().processWorkflowMessage({ ...message, ...change })).toMatchObject({ dlq: true });
    }
    expect(sent('workflow.failed').map(({ error }) => (error as { code: string }).code)).toEqual(
      hostile.map(() => 'MESSAGE_INVALID'),
    );
  });
});

describe('shutting down', () => {
  it('waits for the steps at work, whose next message is accepted', async () => {
    const gate = deferred<undefined>();
    await boot({ alpha: { mutates: { slow: async () => (await gate.promise, 1) } }, beta: { reads: { ok: () => 2 } } });
    await alpha().start(cookbook(task('a', 'alpha', 'slow'), task('b', 'beta', 'ok')));
    await services.clock.advance(0);
    const closing = services.app.close();
    gate.resolve(undefined);
    await closing;
    expect(sent('beta.workflow')).toHaveLength(1);
  });

  it('tells steps that outlast the grace to stop', async () => {
    const told = deferred<unknown>();
    const hang = (_: unknown, { signal }: OperationContext): Promise<never> => {
      signal.addEventListener('abort', () => { told.resolve(signal.reason); }); // prettier-ignore
      return new Promise(() => undefined);
    };
    await boot({ alpha: { mutates: { hang } } }, { shutdownGrace: '2s' });
    await alpha().start(cookbook(task('a', 'alpha', 'hang')));
    await services.clock.advance(0);
    await services.close();
    expect(String(await told.promise)).toContain('closing');
  });
});
