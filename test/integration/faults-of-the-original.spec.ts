import { describe, expect, it } from '@jest/globals';
import { HttpException } from '@nestjs/common';
import { InvalidCookbookError } from '../../libs/orchestrator/src/errors/invalid-cookbook.error.js';
import type { OperationContext } from '../../libs/orchestrator/src/operations/operation.js';
import { alpha, boot, broker, cookbook, run, services, task } from '../support/services.js';

/** What its predecessor got wrong, named one by one: each is a way in which a run was lost, repeated or misled. */

const echo = { reads: { echo: (input: unknown) => input } };

describe('nested steps', () => {
  it('may belong to any service, at any depth: the run goes there and comes back', async () => {
    await boot({
      alpha: { reads: { where: (_: unknown, { service }: OperationContext) => service } },
      beta: { reads: { where: (_: unknown, { service }: OperationContext) => service } },
    });
    const inner = { step_id: 'inner', type: 'steps', steps: [task('b', 'beta', 'where'), task('c', 'alpha', 'where')] };
    const each = {
      step_id: 'each',
      type: 'foreach',
      iterator: '{{api_input.items}}',
      body: [task('a', 'alpha', 'where'), inner],
    };
    const result = await run(cookbook({ step_id: 'g', type: 'steps', steps: [each] }), { input: { items: [1, 2] } });
    const outputs = {
      a: 'alpha',
      inner: { type: 'steps', step_id: 'inner', order: ['b', 'c'], results: { b: 'beta', c: 'alpha' } },
    };
    expect(result).toMatchObject({
      status: 'completed',
      output: { results: { each: { count: 2, iterations: [{ outputs }, { outputs }] } } },
    });
  });

  it('see the outputs of earlier siblings and of the groups around them, the innermost first', async () => {
    await boot({ alpha: echo });
    const body = [
      task('a', 'alpha', 'echo', { v: '{{current}}' }),
      task('b', 'alpha', 'echo', { v: '{{steps.a.output.v}}', w: '{{steps.top.output.v}}' }),
    ];
    const each = { step_id: 'each', type: 'foreach', iterator: '{{api_input.items}}', body };
    const result = await run(cookbook(task('top', 'alpha', 'echo', { v: 't' }), each), { input: { items: [1, 2] } });
    expect(result).toMatchObject({
      output: { iterations: [{ outputs: { b: { v: 1, w: 't' } } }, { outputs: { b: { v: 2, w: 't' } } }] },
    });
  });
});

describe('names that every object inherits', () => {
  it.each(['constructor', '__proto__', 'toString', 'hasOwnProperty'])('never resolve in a path: %s', async (name) => {
    await boot({ alpha: echo });
    const lenient = await run(cookbook(task('s', 'alpha', 'echo', { v: `{{api_input.o.${name}}}` })), {
      input: { o: {} },
      references: 'lenient',
    });
    expect(lenient).toMatchObject({ status: 'completed', output: { v: `{{api_input.o.${name}}}` } });
    const strict = await run(cookbook(task('s', 'alpha', 'echo', { v: `{{api_input.o.${name}}}` })), {
      input: { o: {} },
    });
    expect(strict).toMatchObject({ status: 'failed', failure: { code: 'REFERENCE_UNRESOLVED' } });
  });

  it('are cases and branches only where the cookbook says so', async () => {
    await boot({ alpha: echo });
    const choice = {
      step_id: 's',
      type: 'switch',
      expression: '{{api_input.v}}',
      cases: { x: task('x', 'alpha', 'echo') },
      default: task('d', 'alpha', 'echo', { taken: 'default' }),
    };
    expect(await run(cookbook(choice), { input: { v: 'toString' } })).toMatchObject({
      output: { selectedCase: 'default', result: { taken: 'default' } },
    });
    const fork = {
      step_id: 'f',
      type: 'fork_join',
      join: { strategy: 'all' },
      branches: { toString: task('t', 'alpha', 'echo', { v: 1 }), valueOf: task('v', 'alpha', 'echo', { v: 2 }) },
    };
    expect(await run(cookbook(fork))).toMatchObject({ output: { result: { toString: { v: 1 }, valueOf: { v: 2 } } } });
  });

  it.each(['__proto__', 'constructor', 'prototype'])(
    'are refused where they would become keys of ours: %s',
    async (name) => {
      await boot({ alpha: echo });
      const step = JSON.parse(
        `{ "step_id": "s", "type": "switch", "expression": "x", "cases": { "${name}": { "step_id": "a", "type": "task", "service": "alpha", "operation": "echo" } } }`,
      ) as object;
      await expect(alpha().start(cookbook(step))).rejects.toThrow(InvalidCookbookError);
      await expect(alpha().start(cookbook(task(name, 'alpha', 'echo')))).rejects.toThrow(InvalidCookbookError);
    },
  );
});

describe('templates', () => {
  it('in data are data: what a reference brings in is never scanned again', async () => {
    await boot({ alpha: echo });
    const input = { text: '{{api_input.secret}}', secret: 'leaked' };
    const steps = [
      task('a', 'alpha', 'echo', { v: '{{api_input.text}}', w: 'so: {{api_input.text}}' }),
      task('b', 'alpha', 'echo', { v: '{{steps.a.output.v}}' }),
    ];
    const result = await run(cookbook(...steps), { input });
    expect(result).toMatchObject({
      steps: { a: { v: '{{api_input.secret}}', w: 'so: {{api_input.secret}}' }, b: { v: '{{api_input.secret}}' } },
    });
  });

  it('of any text are scanned once: eight times the text costs about eight times as much, not 64', async () => {
    await boot({ alpha: { reads: { length: ({ v }: { v: string }) => v.length } } });
    const cost = async (length: number): Promise<number> => {
      const text = '{{'.repeat(length);
      const from = process.cpuUsage().user;
      const result = await run(cookbook(task('s', 'alpha', 'length', { n: '{{api_input.n}}', v: text })), {
        input: { n: 1 },
        references: 'lenient',
      });
      expect(result).toMatchObject({ output: text.length });
      return process.cpuUsage().user - from;
    };
    await cost(1_000);
    // As much text in all, in short ones and in long ones: a clock that counts in whole ticks must not see nothing.
    const total = async (length: number, times: number): Promise<number> => {
      let all = 0;
      for (let n = 0; n < times; n += 1) all += await cost(length);
      return all;
    };
    const [small, large] = [await total(20_000, 24), await total(160_000, 3)];
    expect(large / small).toBeLessThan(4);
  }, 30_000);
});

describe('step ids', () => {
  it('that occur twice, at whatever depth, are refused: one output would overwrite the other', async () => {
    await boot({ alpha: echo });
    const group = { step_id: 'g', type: 'steps', steps: [task('a', 'alpha', 'echo')] };
    await expect(alpha().start(cookbook(task('a', 'alpha', 'echo'), group))).rejects.toThrow(/steps\[1\]\.steps\[0\]/);
  });
});

describe('a message that nobody takes', () => {
  it('does not go round for ever: after ten forwards without progress the run fails', async () => {
    await boot({ alpha: echo, beta: echo });
    const message = {
      workflow_id: 'loop',
      correlation_id: 'c',
      cookbook: cookbook(task('a', 'beta', 'echo')),
      current_step: 'a',
      protocol: 1,
      seq: 1,
      hop_id: 'h',
      hops: 11,
    };
    const result = await alpha().processWorkflowMessage(message);
    expect(result).toMatchObject({ dlq: true, workflow_id: 'loop' });
    expect(await alpha().status('loop')).toMatchObject({
      status: 'failed',
      failure: { code: 'HOP_LOOP' },
    });
  });

  it('because its service does not exist is refused, and told which exist', async () => {
    await boot({ alpha: echo });
    const start = alpha().start(cookbook(task('a', 'alpha', 'echo'), task('b', 'alhpa', 'echo')));
    await expect(start).rejects.toMatchObject({ code: 'UNROUTABLE', message: expect.stringContaining('alpha') });
  });
});

describe('a publish that fails after the step succeeded', () => {
  it('is tried again; the handler is not', async () => {
    let effects = 0;
    await boot({ alpha: { mutates: { charge: () => (effects += 1) } }, beta: echo });
    const publish = broker().publish.bind(broker());
    let failures = 3;
    broker().publish = (message) => {
      if (message.destination === 'beta.workflow' && (failures -= 1) >= 0) throw new Error('broker is away');
      publish(message);
    };
    const steps = [task('a', 'alpha', 'charge'), task('b', 'beta', 'echo', { v: '{{steps.a.output}}' })];
    const { workflowId } = await alpha().start(cookbook(...steps));
    await services.clock.advance(5_000);
    await services.settle();
    expect(await alpha().status(workflowId)).toMatchObject({ status: 'completed', output: { v: 1 } });
    expect([effects, failures]).toEqual([1, -1]);
  });
});

describe('a foreach whose third item fails for a moment', () => {
  it('goes on with the third item, not with the first', async () => {
    const seen: number[] = [];
    const visit = ({ item }: { item: number }, { attempt }: OperationContext): number => {
      seen.push(item);
      if (item === 3 && attempt === 1) throw new HttpException('busy', 503);
      return item;
    };
    await boot({ alpha: { mutates: { visit } } });
    const each = {
      step_id: 'each',
      type: 'foreach',
      iterator: '{{api_input.items}}',
      body: [task('v', 'alpha', 'visit', { item: '{{current}}' })],
    };
    expect(await run(cookbook(each), { input: { items: [1, 2, 3, 4] } })).toMatchObject({
      status: 'completed',
      output: { count: 4 },
    });
    expect(seen).toEqual([1, 2, 3, 3, 4]);
  });
});

describe('whom a run acts for', () => {
  it('is in both terminals, also after retries', async () => {
    const fail = () => {
      throw new HttpException('no', 503);
    };
    await boot({ alpha: { reads: { fail, ok: () => 1 } } });
    const caller = { tenantId: 't1', workspaceId: 5, personId: 'p' };
    await run(cookbook(task('a', 'alpha', 'fail')), caller);
    await run(cookbook(task('a', 'alpha', 'ok')), caller);
    const terminals = services.hops.filter(({ destination }) =>
      ['workflow.failed', 'workflow.completed'].includes(destination),
    );
    expect(terminals.map(({ message }) => message)).toEqual([
      expect.objectContaining({ status: 'failed', tenant_id: 't1', workspace_id: 5, person_id: 'p' }),
      expect.objectContaining({ status: 'completed', tenant_id: 't1', workspace_id: 5, person_id: 'p' }),
    ]);
  });
});
