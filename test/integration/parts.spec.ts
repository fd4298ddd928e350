import { describe, expect, it } from '@jest/globals';
import { alpha, boot, cookbook, failing, run, sent, services, store, task, terminals } from '../support/services.js';
import { fail } from '../support/handlers.js';
import type { TestOperations } from '../../libs/orchestrator/src/testing/service-of.js';
import type { OperationContext } from '../../libs/orchestrator/src/operations/operation.js';

/** Branches and lanes on lines of their own: they leave, they meet, and what happens to one does not happen to the others. */

const fork = (branches: object, more: object = {}): object => ({
  step_id: 'f',
  type: 'fork_join',
  branches,
  join: { strategy: 'all' },
  ...more,
});
const across = fork({ a: task('x', 'alpha', 'charge'), b: [task('y', 'beta', 'charge'), task('z', 'beta', 'charge')] });

/** A service whose mutation is counted by the path of its step. */
function noting(log: string[], handle: (context: OperationContext) => unknown = () => 1): TestOperations {
  return {
    mutates: {
      charge: (_: never, context) => {
        log.push(context.path);
        return handle(context);
      },
    },
  };
}

describe('a fork over two services', () => {
  it('sends each branch on a line of its own, and goes on once, when all have met', async () => {
    const log: string[] = [];
    await boot({ alpha: noting(log), beta: noting(log) });
    const ended = await run(
      cookbook(across, task('after', 'alpha', 'charge', { from: '{{steps.f.output.branches.b.z}}' })),
    );
    expect(ended).toMatchObject({ status: 'completed', steps: { f: { branches: { a: 1, b: { y: 1, z: 1 } } } } });
    expect(log.toSorted()).toEqual(['after', 'f.a.x', 'f.b.y', 'f.b.z']);
    const lines = [...sent('alpha.workflow'), ...sent('beta.workflow')].map(({ line, seq }) => [line, seq]);
    expect(lines).toEqual(expect.arrayContaining([['', 1], ['f@1/a', 0], ['f@1/b', 0], ['', 2]])); // prettier-ignore
    expect(terminals()).toHaveLength(1);
  });

  it('lets the sisters of a failed branch settle, and fails the run once, as the first declared branch failed', async () => {
    const log: string[] = [];
    await boot({ alpha: noting(log, fail({ status: 409 })), beta: noting(log) });
    expect(await run(cookbook(across, task('after', 'alpha', 'charge')))).toMatchObject({
      status: 'failed',
      failure: { path: 'f.a.x', status: 409 },
    });
    expect(log.toSorted()).toEqual(['f.a.x', 'f.b.y', 'f.b.z']);
    expect(terminals()).toHaveLength(1);
  });

  it('keeps its branches running on while one of them backs off: a retry repeats that step alone', async () => {
    const log: string[] = [];
    const flaky = ({ attempt }: OperationContext): number => (attempt === 1 ? fail({ status: 503 })() : attempt);
    await boot({ alpha: noting(log, flaky), beta: noting(log) });
    expect(await run(cookbook(across))).toMatchObject({ status: 'completed', output: { branches: { a: 2 } } });
    expect(log.toSorted()).toEqual(['f.a.x', 'f.a.x', 'f.b.y', 'f.b.z']);
  });

  it('fails with the branch whose service nobody takes messages of, as the others settle', async () => {
    const log: string[] = [];
    await boot({ alpha: noting(log), beta: noting(log) });
    const document = structuredClone(cookbook(across)) as { steps: [{ branches: { b: [{ service: string }] } }] };
    document.steps[0].branches.b[0].service = 'gone';
    const message = { workflow_id: 'w', correlation_id: 'w', cookbook: document, current_step: 'f' };
    await alpha().processWorkflowMessage(message);
    await services.settle();
    expect(await alpha().status('w')).toMatchObject({ status: 'failed', failure: { code: 'UNROUTABLE' } });
    expect(log).toContain('f.a.x');
  });

  it('fails when what its branches came to does not fit into one message, and can be requeued', async () => {
    const large = (): string => 'x'.repeat(60_000);
    await boot(
      { alpha: { reads: { charge: large } }, beta: { reads: { charge: large } } },
      { limits: { messageBytes: 150_000 } },
    );
    const ended = await run(cookbook(across));
    expect(ended).toMatchObject({ status: 'failed', failure: { code: 'MESSAGE_TOO_LARGE', path: 'f' } });
    await alpha().requeue(ended.workflowId);
    await services.settle();
    expect(await alpha().status(ended.workflowId)).toMatchObject({ status: 'failed', failure: { path: 'f' } });
  });
});

describe('a fork of one service', () => {
  const lanes = (...body: object[]): object => ({
    step_id: 'each',
    type: 'foreach',
    iterator: '{{api_input}}',
    concurrency: 2,
    body,
  });

  it('runs beside each other in one process, effects too', async () => {
    let atWork = 0;
    let most = 0;
    const handle = async (): Promise<number> => {
      most = Math.max(most, (atWork += 1));
      await Promise.resolve();
      return (atWork -= 1);
    };
    await boot({ alpha: { mutates: { charge: handle } } });
    await run(cookbook(lanes(task('x', 'alpha', 'charge'))), { input: [1, 2, 3, 4] });
    expect(most).toBe(2);
    expect(sent('alpha.workflow')).toHaveLength(1);
  });

  it.each(['a step backs off', 'a lane waits'])('leaves when %s, and repeats nothing that was done', async (why) => {
    const log: string[] = [];
    const backsOff = why === 'a step backs off';
    const flaky = ({ attempt, path }: OperationContext): string =>
      backsOff && path === 'each[1].y' && attempt === 1 ? fail({ status: 503 })() : path;
    await boot({ alpha: noting(log, flaky) });
    const wait = { step_id: 'w', type: 'wait', duration_ms: 5_000 };
    const body = [task('x', 'alpha', 'charge'), ...(backsOff ? [] : [wait]), task('y', 'alpha', 'charge')];
    const ended = await run(cookbook(lanes(...body)), { input: [1, 2, 3] });
    expect(ended).toMatchObject({ status: 'completed', output: { count: 3 } });
    const paths = ['each[0].x', 'each[0].y', 'each[1].x', 'each[1].y', 'each[2].x', 'each[2].y'];
    expect(log.toSorted()).toEqual(backsOff ? [...paths, 'each[1].y'].toSorted() : paths);
    expect(sent('alpha.workflow').map(({ line }) => line)).toContain('each@1/1');
  });

  it('takes along what an inner fork has done when a part of that one must wait', async () => {
    const log: string[] = [];
    await boot({ alpha: noting(log) });
    const inner = fork({ c: task('c', 'alpha', 'charge'), d: [task('d', 'alpha', 'charge'), { step_id: 'w', type: 'wait', duration_ms: 1_000 }] }, { step_id: 'g' }); // prettier-ignore
    const outer = fork({ a: [inner, task('e', 'alpha', 'charge')], b: task('b', 'alpha', 'charge') });
    expect(await run(cookbook(outer))).toMatchObject({ status: 'completed' });
    expect(log.toSorted()).toEqual(['f.a.e', 'f.a.g.c.c', 'f.a.g.d.d', 'f.b.b']);
  });

  it('that has left only sends the same again when its message comes again: nothing runs twice', async () => {
    const log: string[] = [];
    await boot({ alpha: noting(log) });
    const wait = { step_id: 'w', type: 'wait', duration_ms: 5_000 };
    const { workflowId } = await alpha().start(cookbook(lanes(task('x', 'alpha', 'charge'), wait)), { input: [1, 2] });
    const [first] = sent('alpha.workflow');
    await services.clock.advance(1_000);
    await store().extend(
      { ...(first as never as { hopId: string }), workflowId, epoch: 0, line: '', seq: 1, token: '' },
      0,
    );
    await services.clock.advance(120_000 - 1_000);
    await alpha().processWorkflowMessage(first ?? {});
    await services.settle();
    expect(log.toSorted()).toEqual(['each[0].x', 'each[1].x']);
    expect(await alpha().status(workflowId)).toMatchObject({ status: 'completed' });
    expect(terminals()).toHaveLength(1);
  });
});

describe('a part', () => {
  it('whose line is not that of its position is refused: nobody may claim another’s place', async () => {
    await boot({ alpha: noting([]), beta: noting([]) });
    await run(cookbook(across));
    const part = sent('beta.workflow').find(({ line }) => line === 'f@1/b') ?? {};
    await alpha().processWorkflowMessage({ ...part, workflow_id: 'other', line: '' });
    await services.settle();
    expect(await alpha().status('other')).toMatchObject({ status: 'failed', failure: { code: 'MESSAGE_INVALID' } });
  });

  it.each(['record', 'arrive'] as const)(
    'is not executed twice when the store fails after its work: %s',
    async (method) => {
      const log: string[] = [];
      await boot({ alpha: noting(log), beta: noting(log) });
      failing(method, 2, 'after');
      expect(await run(cookbook(across))).toMatchObject({ status: 'completed' });
      expect(log.toSorted()).toEqual(['f.a.x', 'f.b.y', 'f.b.z']);
    },
  );
});
