import { describe, expect, it } from '@jest/globals';
import { Driver } from '../../libs/orchestrator/src/execution/driver.js';
import { TaskRunner } from '../../libs/orchestrator/src/execution/task.runner.js';
import { MessageReader } from '../../libs/orchestrator/src/execution/message.reader.js';
import { Publisher } from '../../libs/orchestrator/src/transports/publisher.js';
import { alpha, boot, cookbook, counting, failing, run, sent, services, task, terminals } from '../support/services.js';

/** Lets the library itself break on the steps whose path this is, as a fault in it would. The answer mends it. */
function breakOn(path: string): () => void {
  let broken = true;
  for (const runner of services.app.get(TaskRunner, { strict: false, each: true })) {
    const execute = runner.run.bind(runner);
    runner.run = (one, journal) =>
      broken && one.path === path ? Promise.reject(new TypeError('a fault of this library')) : execute(one, journal);
  }
  return () => {
    broken = false;
  };
}

describe('a message that is never acknowledged', () => {
  it('is given up after five deliveries: its run ends, once, as poison, at the step that was not executed', async () => {
    const { count, operations } = counting();
    await boot({ alpha: operations });
    breakOn('b');
    const ended = await run(cookbook(task('a', 'alpha', 'charge'), task('b', 'alpha', 'charge')));
    expect(ended).toMatchObject({
      status: 'failed',
      failure: { code: 'POISON_MESSAGE', source: 'infrastructure', path: 'b' },
    });
    expect(sent('workflow.failed')).toMatchObject([{ error: { reason: 'poison' }, steps: { a: 1 } }]);
    expect(count.charge).toBe(1);
  });

  it('can be requeued: what was recorded before is not executed again', async () => {
    const { count, operations } = counting();
    await boot({ alpha: operations });
    const mend = breakOn('b');
    const { workflowId } = await run(cookbook(task('a', 'alpha', 'charge'), task('b', 'alpha', 'charge')));
    mend();
    await alpha().requeue(workflowId);
    await services.settle();
    expect(await alpha().status(workflowId)).toMatchObject({ status: 'completed', steps: { a: 1, b: 2 } });
    expect(count.charge).toBe(2);
  });

  it('because of what its record holds is given up as it came', async () => {
    await boot({ alpha: counting().operations });
    breakOn('b');
    for (const driver of services.app.get(Driver, { strict: false, each: true })) {
      const drive = driver.drive.bind(driver);
      driver.drive = (from, journal, how) =>
        how === 'replay' ? Promise.reject(new TypeError('a fault of this library')) : drive(from, journal, how);
    }
    const ended = await run(cookbook(task('a', 'alpha', 'charge'), task('b', 'alpha', 'charge')));
    expect(ended).toMatchObject({ status: 'failed', failure: { code: 'POISON_MESSAGE', path: 'a' } });
    expect(terminals()).toHaveLength(1);
  });

  it('after its run has ended says that end, not another one', async () => {
    await boot({ alpha: counting().operations });
    let refused = 0;
    for (const publisher of services.app.get(Publisher, { strict: false, each: true })) {
      const publish = publisher.publish.bind(publisher);
      publisher.publish = (message) =>
        message.destination === 'workflow.completed' && (refused += 1) <= 5
          ? Promise.reject(new TypeError('a fault of this library'))
          : publish(message);
    }
    expect(await run(cookbook(task('a', 'alpha', 'charge')))).toMatchObject({ status: 'completed', output: 1 });
    expect(refused).toBe(6);
    expect(terminals()).toMatchObject([{ status: 'completed', api_output: 1 }]);
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
