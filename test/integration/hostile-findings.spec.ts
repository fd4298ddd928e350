import { describe, expect, it } from '@jest/globals';
import { MessageReader } from '../../libs/orchestrator/src/execution/message.reader.js';
import { Router } from '../../libs/orchestrator/src/transports/router.js';
import { alpha, boot, broker, cookbook, run, sent, services, store, task, terminals } from '../support/services.js';

const wait = (step_id: string, duration_ms = 1_000): object => ({ step_id, type: 'wait', duration_ms });
const fork = (step_id: string, branches: object): object => ({
  step_id,
  type: 'fork_join',
  branches,
  join: { strategy: 'all' },
});

describe('parts that together are too large for one message', () => {
  const large = (): string => 'x'.repeat(30_000);
  const lanes = { step_id: 'each', type: 'foreach', iterator: '{{api_input}}', concurrency: 3, body: [task('x', 'alpha', 'large'), wait('w')] }; // prettier-ignore

  it('fail their run where they are lanes that have travelled, and it can be requeued', async () => {
    await boot({ alpha: { mutates: { large } } }, { limits: { messageBytes: 100_000 } });
    const ended = await run(cookbook(lanes), { input: [1, 2, 3, 4, 5, 6, 7, 8, 9] });
    expect(ended).toMatchObject({ status: 'failed', failure: { code: 'MESSAGE_TOO_LARGE', path: 'each' } });
    expect(terminals()).toHaveLength(1);
    await alpha().requeue(ended.workflowId);
    await services.settle();
    expect(await alpha().status(ended.workflowId)).toMatchObject({ status: 'failed', failure: { path: 'each' } });
  });

  it('fail their run where not even their failures fit into one', async () => {
    const names = Array.from({ length: 24 }, (_, index) => `b${index}`);
    const two = ['alpha', 'beta'];
    const branches = names.map((name, index) => [name, task(name, two[index % 2] ?? '', 'echo', { v: 'x' })]);
    const echo = { reads: { echo: () => 'x'.repeat(300) } };
    await boot({ alpha: echo, beta: echo }, { limits: { messageBytes: 5_000 } });
    const ended = await run(cookbook(fork('f', Object.fromEntries(branches) as object)));
    expect(ended).toMatchObject({ status: 'failed', failure: { code: 'MESSAGE_TOO_LARGE', path: 'f' } });
    await alpha().requeue(ended.workflowId);
    await services.settle();
    expect(await alpha().status(ended.workflowId)).toMatchObject({ status: 'failed', failure: { path: 'f' } });
    expect(terminals()).toHaveLength(2);
  });
});

describe('bookkeeping that makes no sense', () => {
  it.each<[string, object]>([
    ['a number for what was removed', { redacted: 5 }],
    ['null for what was removed', { redacted: null }],
    ['a number among what was removed', { redacted: [5, '/api_input/none'] }],
    ['a number for the attempts', { retry_history: 5 }],
    ['an object for the attempts', { retry_history: {} }],
    ['null among the attempts', { retry_history: [null, 5] }],
  ])('stops no run: %s', async (_, execution) => {
    await boot({ alpha: { reads: { echo: () => 'done' }, sensitive: { echo: ['card'] } } });
    const step = (id: string): object => ({
      ...task(id, 'alpha', 'echo', { card: '{{api_input.card}}' }),
      _execution: execution,
    });
    const document = { ...cookbook(step('early'), step('work')), api_input: { card: 'a-long-secret' } };
    const message = { workflow_id: 'w', correlation_id: 'w', cookbook: document, current_step: 'work', protocol: 1 };
    broker().publish({ destination: 'alpha.workflow', body: JSON.stringify(message), messageId: 'forged' });
    await services.settle();
    expect(await alpha().status('w')).toMatchObject({ status: 'completed', output: 'done' });
    expect(JSON.stringify(terminals())).not.toContain('a-long-secret');
  });
});

describe('the undertaker', () => {
  const echo = { reads: { echo: (input: unknown) => input } };
  const bury = async (body = services.hops[0]?.body ?? ''): Promise<void> => {
    await services.clock.advance(60_000); // the lease of whoever died ends
    broker().publish({ destination: 'alpha.dead', body, messageId: 'dead' });
    await services.settle();
  };
  const fault = (): never => {
    throw new TypeError('a fault of this library');
  };

  it('tells again how a run has ended, and not otherwise: its message may only never have been acknowledged', async () => {
    await boot({ alpha: echo });
    const { workflowId } = await run(cookbook(task('work', 'alpha', 'echo', { a: 1 })));
    await bury();
    expect(await alpha().status(workflowId)).toMatchObject({ status: 'completed' });
    expect(terminals().map(({ status, api_output }) => [status, api_output])).toEqual([
      ['completed', { a: 1 }],
      ['completed', { a: 1 }],
    ]);
    expect(await alpha().failed.list()).toEqual([]);
  });

  it.each<[string, () => void]>([
    [
      'can be read and not be ended',
      () => {
        for (const router of services.app.get(Router, { strict: false, each: true })) router.dispatch = fault;
      },
    ],
    [
      'breaks whoever reads it',
      () => {
        for (const reader of services.app.get(MessageReader, { strict: false, each: true })) reader.read = fault;
      },
    ],
  ])('ends the run of a message that %s, as it came', async (_, breakIt) => {
    await boot({ alpha: echo });
    breakIt();
    const { workflowId } = await run(cookbook(task('work', 'alpha', 'echo')));
    expect(await alpha().status(workflowId)).toMatchObject({ status: 'failed', failure: { code: 'POISON_MESSAGE' } });
    expect(terminals()).toEqual([expect.objectContaining({ workflow_id: workflowId, raw: expect.any(String) })]);
  });
});

describe('branches of any name', () => {
  const noting = (log: string[]) => ({ mutates: { note: (_: never, { path }: { path: string }) => log.push(path) } });

  it('never share a line: a run whose branches look like lines of others comes to its end', async () => {
    const log: string[] = [];
    await boot({ alpha: noting(log), beta: noting(log) });
    const one = fork('g', { 'z.h/r': task('x', 'alpha', 'note'), o: task('o', 'beta', 'note') });
    const other = fork('h', { r: task('y', 'alpha', 'note'), q: task('q', 'beta', 'note') });
    expect(await run(cookbook(fork('f', { p: one, 'p.g/z': other })))).toMatchObject({ status: 'completed' });
    expect(log.toSorted()).toEqual(['f.p.g.o.o', 'f.p.g.z.h/r.x', 'f.p.g/z.h.q.q', 'f.p.g/z.h.r.y']);
  });

  it.each(['', 'a/b', '~1', '~0/~', 'a.b', '[0]', '\ud800', 'a\u0000b', 'toString', '💥'])(
    '%j joins as it is named',
    async (name) => {
      await boot({ alpha: noting([]), beta: noting([]) });
      const branches = { [name]: [task('x', 'alpha', 'note'), wait('w')], other: task('y', 'beta', 'note') };
      const ended = await run(cookbook(fork('f', branches)));
      expect(ended).toMatchObject({ status: 'completed', output: { branches: { [name]: { w: {} }, other: 1 } } });
    },
  );
});

describe('those who ask for runs', () => {
  const echo = { reads: { echo: (input: unknown) => input } };

  it('requeue one by its id although a message that names it was refused since', async () => {
    let calls = 0;
    const once = (): string => {
      if ((calls += 1) === 1) throw new Error('no');
      return 'done';
    };
    await boot({ alpha: { mutates: { once } } });
    await alpha().start(cookbook(task('work', 'alpha', 'once')), { workflowId: 'w' });
    await services.settle();
    const garbage = { workflow_id: 'w', correlation_id: 'w', current_step: 'work', cookbook: { steps: [] } };
    await alpha().processWorkflowMessage(garbage);
    await alpha().requeue('w');
    await services.settle();
    expect(await alpha().status('w')).toMatchObject({ status: 'completed', output: 'done' });
  });

  it('hear why one cannot be requeued of which nothing that is kept can be read', async () => {
    await boot({ alpha: echo });
    const garbage = { workflow_id: 'w', correlation_id: 'w', current_step: 'work', cookbook: { steps: [] } };
    await alpha().processWorkflowMessage(garbage);
    await expect(alpha().requeue('w')).rejects.toMatchObject({ code: 'COOKBOOK_INVALID' });
  });

  it('do not lose the result of one without a record because another gave up waiting for it', async () => {
    await boot({ alpha: echo }, { state: false });
    const { workflowId } = await alpha().start(cookbook(wait('w', 5_000)));
    const impatient = alpha().result(workflowId, { timeout: 1_000 });
    const refused = expect(impatient).rejects.toMatchObject({ code: 'RESULT_TIMEOUT' });
    const patient = alpha().result(workflowId);
    await services.settle();
    await refused;
    expect(await patient).toMatchObject({ output: { step_id: 'w' } });
  });

  it('fill no process by cancelling what nobody has started, also beside a run that never ends', async () => {
    await boot({ alpha: echo });
    const message = { workflow_id: 'w', correlation_id: 'w', current_step: 'w', cookbook: cookbook(wait('w', 3_600_000)) }; // prettier-ignore
    await alpha().processWorkflowMessage(message); // without an expires_at
    for (let n = 0; n < 12_000; n += 1) await alpha().cancel(`nobody-${n}`);
    const { runs } = store() as unknown as { readonly runs: Readonly<Record<'records' | 'unended', { size: number }>> };
    expect(runs.records.size).toBeLessThan(10_010);
    expect(runs.unended.size).toBeLessThan(10_010);
  });

  it('do not keep runs that nobody heard of for days, because one before them never ends', async () => {
    await boot({ alpha: echo });
    const begun = async (workflow_id: string, more: object): Promise<unknown> =>
      store().claim(
        { workflowId: workflow_id, epoch: 0, line: '', seq: 1, hopId: 'h' },
        { leaseMs: 1, now: 0, ...more },
      );
    await begun('endless', {});
    for (let n = 0; n < 10; n += 1) await begun(`lost-${n}`, { expiresAt: services.clock.now() + 1_000 });
    await services.clock.advance(2 * 24 * 3_600_000);
    for (let n = 0; n < 24; n += 1) await begun(`later-${n}`, {});
    expect(await alpha().status('lost-3')).toEqual({ status: 'unknown' });
    expect(await alpha().status('endless')).toEqual({ status: 'running' });
  });

  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['a symbol', Symbol('s')],
    ['an object as query strings are', Object.create(null)],
  ])('are told at once that %s is no id, and nothing is left waiting', async (_, id) => {
    await boot({ alpha: echo });
    for (const ask of [
      () => alpha().result(id as string, { timeout: 1 }),
      () => alpha().status(id as string),
      () => alpha().cancel(id as string),
    ])
      await expect(ask()).rejects.toMatchObject({
        code: 'ARGUMENT_INVALID',
        message: expect.stringContaining('a text'),
      });
    await expect(alpha().result('w', null as never)).rejects.toMatchObject({ code: 'ARGUMENT_INVALID' });
    await expect(alpha().start({ toJSON: () => undefined })).rejects.toMatchObject({ code: 'ARGUMENT_INVALID' });
    await expect(alpha().status('undefined')).resolves.toEqual({ status: 'unknown' });
  });
});

it('an output that does not fit beside the others is told of with the size of them all', async () => {
  const large = (): string => 'x'.repeat(60_000);
  await boot({ alpha: { reads: { large } } }, { limits: { messageBytes: 100_000 } });
  const { failure } = (await run(cookbook(task('a', 'alpha', 'large'), task('b', 'alpha', 'large')))) as {
    failure?: { message: string };
  };
  expect(failure).toMatchObject({ code: 'MESSAGE_TOO_LARGE', path: 'b' });
  expect(Number(/of (\d+) bytes/.exec(failure?.message ?? '')?.[1])).toBeGreaterThan(100_000);
});

describe('a message that somebody made up', () => {
  it('on a line that its run does not know ends nothing', async () => {
    await boot({ alpha: { reads: { ok: () => 1 } } });
    const { workflowId } = await alpha().start(
      cookbook({ step_id: 'w', type: 'wait', duration_ms: 60_000 }, task('a', 'alpha', 'ok')),
    );
    await services.clock.advance(1_000);
    const [first] = sent('alpha.workflow');
    for (const line of ['f@1/a', 'x', '/'])
      await alpha().processWorkflowMessage({ ...first, line, seq: 9, hop_id: line });
    expect(await alpha().status(workflowId)).toEqual({ status: 'running' });
    await services.settle();
    expect(await alpha().status(workflowId)).toMatchObject({ status: 'completed' });
  });

  it('gets no reply sent where it likes', async () => {
    await boot({ alpha: { reads: { ok: () => 1 } } });
    await alpha().processWorkflowMessage({ workflow_id: 'w', correlation_id: 'w', cookbook: cookbook(task('a', 'alpha', 'ok')), current_step: 'a', reply_to: 'workflow.failed' }); // prettier-ignore
    await services.settle();
    expect(await alpha().failed.list()).toEqual([]);
  });
});
