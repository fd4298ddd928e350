import { describe, expect, it } from '@jest/globals';
import { TaskRunner } from '../../libs/orchestrator/src/execution/task.runner.js';
import { MessageReader } from '../../libs/orchestrator/src/execution/message.reader.js';
import { alpha, boot, cookbook, counting, failing, run, sent, services, task, terminals } from '../support/services.js';

/** Lets the library itself break on the steps whose path this is, as a fault in it would. */
function breakOn(path: string): void {
  for (const runner of services.app.get(TaskRunner, { strict: false, each: true })) {
    const execute = runner.run.bind(runner);
    runner.run = (one, journal) =>
      one.path === path ? Promise.reject(new TypeError('a fault of this library')) : execute(one, journal);
  }
}

describe('a message that is never acknowledged', () => {
  it('is given up after five deliveries: its run ends, once, as poison, and can be requeued', async () => {
    const { count, operations } = counting();
    await boot({ alpha: operations });
    breakOn('b');
    const ended = await run(cookbook(task('a', 'alpha', 'charge'), task('b', 'alpha', 'charge')));
    expect(ended).toMatchObject({ status: 'failed', failure: { code: 'POISON_MESSAGE', source: 'infrastructure' } });
    expect(sent('workflow.failed')).toMatchObject([{ error: { reason: 'poison' }, cookbook: {} }]);
    expect(count.charge).toBe(1);
  });

  it('in a branch lets the branch arrive as failed: its sisters settle, the run fails once', async () => {
    const [one, two] = [counting(), counting()];
    await boot({ alpha: one.operations, beta: two.operations });
    breakOn('f.a.x');
    const branches = { a: task('x', 'alpha', 'charge'), b: task('y', 'beta', 'charge') };
    const fork = { step_id: 'f', type: 'fork_join', branches, join: { strategy: 'all' } };
    expect(await run(cookbook(fork))).toMatchObject({
      status: 'failed',
      failure: { code: 'POISON_MESSAGE', path: 'f.a.x' },
    });
    expect([one.count.charge, two.count.charge]).toEqual([0, 1]);
    expect(terminals()).toHaveLength(1);
  });

  it('harms no other message: those beside it are handled as if it were not there', async () => {
    const { count, operations } = counting();
    await boot({ alpha: operations });
    breakOn('bad');
    const document = (id: string): object => cookbook(task(id, 'alpha', 'charge'));
    for (let n = 0; n < 30; n += 1) await alpha().start(document(n % 10 === 0 ? 'bad' : 'good'));
    await services.settle();
    expect(count.charge).toBe(27);
    expect(sent('workflow.failed').map(({ error }) => (error as { code: string }).code)).toEqual(
      Array(3).fill('POISON_MESSAGE'),
    );
    expect(sent('workflow.completed')).toHaveLength(27);
  });

  it('is not lost while the store is away: the undertaker waits for it', async () => {
    await boot({ alpha: counting().operations });
    breakOn('a');
    const { workflowId } = await alpha().start(cookbook(task('a', 'alpha', 'charge')));
    await services.clock.advance(1_000);
    failing('claim', 3, 'before');
    await services.settle();
    expect(await alpha().status(workflowId)).toMatchObject({ status: 'failed', failure: { code: 'POISON_MESSAGE' } });
  });

  it('and cannot even be read goes to workflow.failed as it came', async () => {
    await boot({ alpha: counting().operations });
    for (const reader of services.app.get(MessageReader, { strict: false, each: true })) {
      Object.assign(reader, { read: () => { throw new TypeError('a fault of this library'); } }); // prettier-ignore
    }
    const { workflowId } = await alpha().start(cookbook(task('a', 'alpha', 'charge')));
    await services.settle();
    const [terminal] = sent('workflow.failed');
    expect(terminal).toMatchObject({
      error: { code: 'POISON_MESSAGE' },
      raw: expect.stringContaining(workflowId) as never,
    });
  });
});
