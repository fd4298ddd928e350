import { randomUUID } from 'node:crypto';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { INestApplicationContext } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import {
  getOrchestratorToken,
  type OperationContext,
  type WorkflowOrchestrator,
} from '../../libs/orchestrator/src/index.js';
import { redisState } from '../../libs/orchestrator/src/redis.js';
import { serviceOf, type TestOperations } from '../../libs/orchestrator/src/testing/service-of.js';
import { MemoryBroker } from '../../libs/orchestrator/src/transports/memory/memory.broker.js';
import { MemoryTransport } from '../../libs/orchestrator/src/transports/memory/memory.transport.js';
import type { OutgoingMessage } from '../../libs/orchestrator/src/transports/workflow.transport.js';
import { SystemClock } from '../../libs/orchestrator/src/utils/clock.js';
import { deferred } from '../support/deferred.js';
import { fail } from '../support/handlers.js';
import { until } from '../support/until.js';

/**
 * Two applications, as two processes are: each with connections of its own to one Redis, and nothing else in common but the
 * messages.
 */

const url = process.env['REDIS_URL'] ?? '';
const apps: INestApplicationContext[] = [];
afterEach(async () => {
  await Promise.all(apps.splice(0).map((app) => app.close()));
});

/** A transport that other processes could be on. */
class SharedTransport extends MemoryTransport {
  override readonly capabilities = { durable: true, delay: true, competing: true, redelivery: true };
}

interface Processes {
  readonly broker: MemoryBroker;
  readonly alpha: WorkflowOrchestrator;
  readonly beta: WorkflowOrchestrator;
}

/** Service `alpha` in one application, `beta` in the other. */
async function boot(operations: { readonly alpha: TestOperations; readonly beta: TestOperations }): Promise<Processes> {
  const broker = new MemoryBroker(new SystemClock());
  const namespace = `spec-${randomUUID()}`;
  const started = async (service: 'alpha' | 'beta'): Promise<WorkflowOrchestrator> => {
    const module = serviceOf(service, operations[service], {
      transport: { kind: 'shared', create: (name) => new SharedTransport(broker, name) },
      state: redisState({ url }),
      cache: { processLocal: true },
      namespace,
      retry: { maxAttempts: 1 },
    });
    const app = await Test.createTestingModule({ imports: [module] }).compile();
    app.useLogger(false);
    await app.init();
    apps.push(app);
    return app.get<WorkflowOrchestrator>(getOrchestratorToken(service), { strict: false });
  };
  return { broker, alpha: await started('alpha'), beta: await started('beta') };
}

/** Operations that note where they were called. */
function noting(): { readonly calls: string[]; readonly operations: TestOperations } {
  const calls: string[] = [];
  const note = (input: { readonly n?: number }, { path }: OperationContext): number => {
    calls.push(path);
    return (input.n ?? 0) + 1;
  };
  return { calls, operations: { mutates: { charge: note } } };
}

const task = (step_id: string, service: string, operation: string, input: unknown = {}): object => ({
  step_id,
  type: 'task',
  service,
  operation,
  input,
});
const cookbook = (...steps: object[]): object => ({ version: '2.1.0', steps });

const forked = cookbook(
  task('first', 'alpha', 'charge'),
  {
    step_id: 'f',
    type: 'fork_join',
    branches: {
      a: task('x', 'alpha', 'charge', { n: '{{steps.first.output}}' }),
      b: [task('y', 'beta', 'charge', { n: 10 }), task('z', 'alpha', 'charge', { n: '{{steps.y.output}}' })],
    },
    join: { strategy: 'all' },
  },
  task('last', 'beta', 'charge', { n: 100 }),
);

describe('a run of two processes with one record in Redis', () => {
  it('forks across them, joins, and gives its result in both, also when every message comes twice', async () => {
    const [a, b] = [noting(), noting()];
    const { broker, alpha, beta } = await boot({ alpha: a.operations, beta: b.operations });
    const publish = broker.publish.bind(broker);
    broker.publish = (message: OutgoingMessage) => {
      publish(message);
      if (/^(alpha|beta)\./.test(message.destination)) publish(message);
    };
    const { workflowId } = await alpha.start(forked);
    const results = await Promise.all([alpha.result(workflowId), beta.result(workflowId)]);
    expect(results[0]).toMatchObject({ output: 101, steps: { first: 1, last: 101 } });
    expect(results[1]).toEqual(results[0]);
    expect(await beta.result(workflowId)).toEqual(results[0]); // after the end, from the record
    expect([...a.calls].sort()).toEqual(['f.a.x', 'f.b.z', 'first']);
    expect([...b.calls].sort()).toEqual(['f.b.y', 'last']);
    expect(new Set(broker.kept('workflow.completed').map(({ body }) => body)).size).toBe(1);
  });

  it('gives whoever runs it outputs that are too large to be kept, however soon it ends', async () => {
    const large = (): string => 'x'.repeat(900_000);
    const none: TestOperations = { reads: { none: () => 0 } };
    for (let time = 0; time < 10; time += 1) {
      const { alpha } = await boot({ alpha: { mutates: { large } }, beta: none }); // the first of a process connects first
      const { output, steps } = await alpha.run<string>(cookbook(task('l', 'alpha', 'large')));
      expect([output.length, steps['l'] === output]).toEqual([900_000, true]);
      await Promise.all(apps.splice(0).map((app) => app.close()));
    }
  });

  it('keeps outputs of 60 kB, which are those of its last step', async () => {
    const { alpha, beta } = await boot({ alpha: { mutates: { some: () => 'x'.repeat(60_000) } }, beta: { reads: { none: () => 0 } } }); // prettier-ignore
    const { workflowId } = await alpha.run(cookbook(task('s', 'alpha', 'some')));
    expect((await beta.result<string>(workflowId)).output).toHaveLength(60_000);
  });

  it('is cancelled from the process that does not hold it', async () => {
    const entered = deferred<OperationContext>();
    const waits = (_: never, context: OperationContext): Promise<unknown> => {
      entered.resolve(context);
      return new Promise((resolve) => {
        context.signal.addEventListener('abort', () => {
          resolve('stopped');
        });
      });
    };
    const { calls, operations } = noting();
    const { alpha, beta } = await boot({ alpha: { mutates: { waits } }, beta: operations });
    const { workflowId } = await alpha.start(cookbook(task('w', 'alpha', 'waits'), task('c', 'beta', 'charge')));
    await entered.promise;
    const ended = expect(beta.result(workflowId)).rejects.toMatchObject({ failure: { code: 'RUN_CANCELLED' } });
    expect(await beta.cancel(workflowId)).toEqual({ status: 'cancelling' });
    await ended;
    expect(await alpha.status(workflowId)).toMatchObject({ status: 'cancelled' });
    expect(calls).toEqual([]);
  }, 30_000);

  it('is requeued from the other process, and goes on from the step that failed', async () => {
    const { calls, operations } = noting();
    let mended = false;
    const pay = (): unknown => (mended ? 'paid' : fail({ status: 400, message: 'no' })());
    const { broker, alpha, beta } = await boot({ alpha: operations, beta: { mutates: { pay } } });
    const { workflowId } = await alpha.start(cookbook(task('c', 'alpha', 'charge'), task('p', 'beta', 'pay')));
    await expect(alpha.result(workflowId)).rejects.toMatchObject({ workflowId });
    await until(() => broker.kept('workflow.failed').length === 1);
    mended = true;
    await alpha.requeue(workflowId);
    expect(await beta.result(workflowId)).toMatchObject({ output: 'paid', steps: { c: 1, p: 'paid' } });
    expect(calls).toEqual(['c']);
  });
});
