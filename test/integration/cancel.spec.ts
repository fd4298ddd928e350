import { describe, expect, it } from '@jest/globals';
import type { OperationContext } from '../../libs/orchestrator/src/operations/operation.js';
import { defer, from } from 'rxjs';
import { deferred } from '../support/deferred.js';
import { alpha, boot, cookbook, counting, sent, services, store, task, terminals } from '../support/services.js';

const wait = { step_id: 'w', type: 'wait', duration_ms: 60_000 };
const cancelled = { status: 'cancelled', failure: { code: 'RUN_CANCELLED' } };

describe('a run that is cancelled', () => {
  it('between two steps ends where it stands: the next is never executed, and workflow.failed says so once', async () => {
    const { count, operations } = counting();
    await boot({ alpha: operations });
    const document = cookbook(task('a', 'alpha', 'charge'), wait, task('b', 'alpha', 'charge'));
    const { workflowId } = await alpha().start(document);
    await services.clock.advance(1_000);
    expect(await alpha().cancel(workflowId)).toEqual({ status: 'cancelling' });
    await services.settle();
    expect(await alpha().status(workflowId)).toMatchObject(cancelled);
    expect(count.charge).toBe(1);
    expect(sent('workflow.failed')).toMatchObject([{ status: 'cancelled', error: { reason: 'cancelled', path: 'b' } }]);
    expect(terminals()).toHaveLength(1);
    await expect(alpha().result(workflowId)).rejects.toMatchObject({ code: 'WORKFLOW_FAILED' });
  });

  it('during a mutating step tells it to stop, awaits it, and keeps what it came to', async () => {
    const reached = deferred<OperationContext>();
    const charge = (_: never, context: OperationContext): Promise<string> => {
      reached.resolve(context);
      return new Promise((resolve) => { context.signal.addEventListener('abort', () => { resolve('half done'); }); }); // prettier-ignore
    };
    const { count, operations } = counting();
    await boot({ alpha: { mutates: { charge, again: operations.mutates?.['charge'] ?? (() => 0) } } });
    const { workflowId } = await alpha().start(cookbook(task('a', 'alpha', 'charge'), task('b', 'alpha', 'again')));
    await reached.promise;
    await alpha().cancel(workflowId);
    await services.clock.advance(10_000); // a heartbeat
    expect(await alpha().status(workflowId)).toMatchObject(cancelled);
    expect(sent('workflow.failed')).toMatchObject([{ steps: { a: 'half done' } }]);
    expect(count.charge).toBe(0);
  });

  it('before any service has taken it up executes nothing', async () => {
    const { count, operations } = counting();
    await boot({ alpha: operations });
    await alpha().cancel('early');
    await alpha().start(cookbook(task('a', 'alpha', 'charge')), { workflowId: 'early' });
    await services.settle();
    expect(await alpha().status('early')).toMatchObject(cancelled);
    expect(count.charge).toBe(0);
  });

  it('while its branches are on their way ends once, when they have met', async () => {
    const { count, operations } = counting();
    await boot({ alpha: operations, beta: counting().operations });
    const branches = { a: [wait, task('x', 'alpha', 'charge')], b: task('y', 'beta', 'charge') };
    const fork = { step_id: 'f', type: 'fork_join', branches, join: { strategy: 'all' } };
    const { workflowId } = await alpha().start(cookbook(fork));
    await services.clock.advance(1_000);
    await alpha().cancel(workflowId);
    await services.settle();
    expect(await alpha().status(workflowId)).toMatchObject(cancelled);
    expect(count.charge).toBe(0);
    expect(terminals()).toHaveLength(1);
  });

  it('ends as cancelled although its last step has completed, and can be requeued', async () => {
    const { count, operations } = counting();
    await boot({ alpha: operations });
    const end = store().end.bind(store());
    store().end = async (holder, summary) => {
      if (summary.status === 'completed' && holder.epoch === 0) await store().cancel(holder.workflowId);
      return end(holder, summary);
    };
    const { workflowId } = await alpha().start(cookbook(task('a', 'alpha', 'charge')));
    await services.settle();
    expect(await alpha().status(workflowId)).toMatchObject(cancelled);
    await alpha().requeue(workflowId, { from: 'a' });
    await services.settle();
    expect(await alpha().status(workflowId)).toMatchObject({ status: 'completed' });
    expect([count.charge, terminals().length]).toEqual([2, 2]);
  });

  it('is left as it is when it has ended', async () => {
    await boot({ alpha: counting().operations });
    const { workflowId } = await alpha().start(cookbook(task('a', 'alpha', 'charge')));
    await services.settle();
    expect(await alpha().cancel(workflowId)).toMatchObject({ status: 'completed' });
  });
});

describe('a handler that outlives its deadline', () => {
  it.each<[string, <T>(work: () => Promise<T>) => unknown]>([
    ['', (work) => work()],
    ['and whose answer is an Observable', (work) => from(work())],
    ['and whose Observable begins late', (work) => defer(work)],
  ])('%s keeps the next attempt out until it has settled: the two never overlap', async (_, answer) => {
    let atWork = 0;
    let most = 0;
    const release = deferred();
    const work = async (attempt: number): Promise<number> => {
      most = Math.max(most, (atWork += 1));
      if (attempt === 1) await release.promise;
      atWork -= 1;
      return attempt;
    };
    const charge = (_: never, { attempt }: OperationContext): unknown => answer(() => work(attempt));
    await boot({ alpha: { mutates: { charge } } });
    const { workflowId } = await alpha().start(cookbook(task('a', 'alpha', 'charge', {}, { timeout_ms: 1_000 })));
    await services.clock.advance(6_000);
    expect(atWork).toBe(1);
    release.resolve();
    await services.settle();
    expect(await alpha().status(workflowId)).toMatchObject({ status: 'completed', output: 2 });
    expect(most).toBe(1);
  });

  it('and never settles does not keep its run from ending', async () => {
    await boot({ alpha: { mutates: { charge: () => new Promise(() => undefined) } } }, { retry: { maxAttempts: 2 } });
    const { workflowId } = await alpha().start(cookbook(task('a', 'alpha', 'charge', {}, { timeout_ms: 1_000 })));
    await services.clock.advance(60_000);
    expect(await alpha().status(workflowId)).toMatchObject({
      status: 'failed',
      failure: { code: 'OPERATION_TIMEOUT' },
    });
  });

  it('of a slow step is at work once, however often its message is delivered', async () => {
    const release = deferred();
    const calls: number[] = [];
    const charge = async (_: never, { attempt }: OperationContext): Promise<void> => {
      calls.push(attempt);
      await release.promise;
    };
    await boot({ alpha: { mutates: { charge } } }, { timeout: '10m' });
    const { workflowId } = await alpha().start(cookbook(task('a', 'alpha', 'charge')));
    await services.clock.advance(1_000);
    const [message] = sent('alpha.workflow');
    for (let copy = 0; copy < 3; copy += 1) await alpha().processWorkflowMessage(message ?? {});
    await services.clock.advance(5 * 60_000);
    release.resolve();
    await services.settle();
    expect(calls).toEqual([1]);
    expect(await alpha().status(workflowId)).toMatchObject({ status: 'completed' });
  });

  it('stays within a lease that is longer than it was granted for, while the hop is at work', async () => {
    const { count, operations } = counting();
    const release = deferred();
    await boot({ alpha: { ...operations, reads: { slow: () => release.promise } } }, { timeout: '1s' });
    const document = cookbook(task('s', 'alpha', 'slow', {}, { timeout_ms: 600_000 }), task('a', 'alpha', 'charge'));
    const { workflowId } = await alpha().start(document);
    await services.clock.advance(1);
    const [message] = sent('alpha.workflow');
    for (let copy = 0; copy < 3; copy += 1) {
      await services.clock.advance(20_000);
      expect(await alpha().processWorkflowMessage(message ?? {})).toEqual({ skipped: true, reason: 'busy' });
    }
    release.resolve();
    await services.settle();
    expect(await alpha().status(workflowId)).toMatchObject({ status: 'completed' });
    expect(count.charge).toBe(1);
  });
});
