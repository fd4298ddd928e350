import { describe, expect, it } from '@jest/globals';
import { UnroutableError } from '../../libs/orchestrator/src/errors/unroutable.error.js';
import { Hop } from '../../libs/orchestrator/src/hop.js';
import { bootServices } from '../../libs/orchestrator/src/testing/boot-services.js';
import { serviceOf } from '../../libs/orchestrator/src/testing/service-of.js';
import { alpha, boot, broker, cookbook, counting, run, sent, services, task, terminals } from '../support/services.js';

/** `state: false`: what is then promised, and what is not. */

const across = {
  step_id: 'f',
  type: 'fork_join',
  branches: { a: task('x', 'alpha', 'charge'), b: task('y', 'beta', 'charge') },
  join: { strategy: 'all' },
};

describe('without run records', () => {
  const off = { state: false } as const;

  it('whoever started a run hears how it ended, at a destination of its own; others do not', async () => {
    await boot({ alpha: counting().operations, beta: counting().operations }, off);
    const started = await alpha().start(cookbook(task('a', 'beta', 'charge')));
    await services.settle();
    expect(await alpha().result(started.workflowId)).toMatchObject({ output: 1, steps: { a: 1 } });
    expect(await alpha().status(started.workflowId)).toMatchObject({ status: 'completed' });
    expect(await services.orchestrator('beta').status(started.workflowId)).toEqual({ status: 'unknown' });
    expect(sent('workflow.completed')).toHaveLength(1);
  });

  it('whoever gives up waiting for a run leaves the others who wait for it', async () => {
    await boot({ alpha: { reads: { slow: () => new Promise((resolve) => services.clock.after(5_000, () => { resolve(1); })) } } }, off); // prettier-ignore
    const { workflowId } = await alpha().start(cookbook(task('a', 'alpha', 'slow')));
    const hasty = expect(alpha().result(workflowId, { timeout: 1_000 })).rejects.toMatchObject({ code: 'RESULT_TIMEOUT' }); // prettier-ignore
    const patient = alpha().result(workflowId, { timeout: '1m' });
    await services.clock.advance(10_000);
    await hasty;
    expect(await patient).toMatchObject({ output: 1 });
  });

  it('a failed run rejects, and can be requeued', async () => {
    await boot({ alpha: { reads: { pay: () => { throw Object.assign(new Error('no'), { status: 409 }); } } } }, off); // prettier-ignore
    const { workflowId } = await run(cookbook(task('a', 'alpha', 'pay')));
    await expect(alpha().result(workflowId)).rejects.toMatchObject({
      code: 'WORKFLOW_FAILED',
      failure: { status: 409 },
    });
    await alpha().requeue(workflowId);
    await services.settle();
    expect(sent('workflow.failed')).toHaveLength(2);
  });

  it('forks run one part after another, in one message', async () => {
    const [one, two] = [counting(), counting()];
    await boot({ alpha: one.operations, beta: two.operations }, off);
    expect(await run(cookbook(across))).toMatchObject({ status: 'completed' });
    expect(new Set([...sent('alpha.workflow'), ...sent('beta.workflow')].map(({ line }) => line))).toEqual(
      new Set(['']),
    );
  });

  it('a message that comes twice executes twice: that is what records are for', async () => {
    const { count, operations } = counting();
    await boot({ alpha: operations }, off);
    await run(cookbook(task('a', 'alpha', 'charge')));
    await alpha().processWorkflowMessage(sent('alpha.workflow')[0] ?? {});
    expect(count.charge).toBe(2);
    expect(terminals()).toHaveLength(2);
  });

  it('a message that is put back takes along what was executed: nothing runs twice for that', async () => {
    const { count, operations } = counting();
    await boot({ alpha: operations, beta: operations }, off);
    const publish = broker().publish.bind(broker());
    let refused = 0;
    broker().publish = (message) => {
      if (message.destination === 'beta.workflow' && (refused += 1) <= 2)
        throw new UnroutableError('beta.workflow', []);
      publish(message);
    };
    for (const hop of services.app.get(Hop, { strict: false, each: true })) {
      Object.assign(hop, { settings: { ...(hop as never as { settings: object }).settings, unroutableFor: 60_000 } });
    }
    const ended = await run(cookbook(task('a', 'alpha', 'charge'), task('b', 'beta', 'charge')));
    expect(ended).toMatchObject({ status: 'completed', steps: { a: 1, b: 2 } });
    expect([refused, count.charge]).toEqual([3, 2]);
  });

  it('in one service of an application and not in another is refused at boot: their runs pass through both', async () => {
    const modules = [serviceOf('one', {}, off), serviceOf('two', {})];
    await expect(bootServices({ imports: modules })).rejects.toMatchObject({ code: 'CONFIGURATION_INVALID', message: expect.stringMatching(/"one".*"two"/) as never }); // prettier-ignore
    await boot({ alpha: {} }, off);
  });

  it('a cancellation cannot be noted: the answer says so', async () => {
    await boot({ alpha: counting().operations }, off);
    expect(await alpha().cancel('any')).toEqual({ status: 'unknown' });
  });
});
