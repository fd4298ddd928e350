import { describe, expect, it } from '@jest/globals';
import { MemoryTransport } from '../../libs/orchestrator/src/transports/memory/memory.transport.js';
import { durable } from '../support/durable.js';
import { alpha, boot, cookbook, counting, services, task } from '../support/services.js';

const document = cookbook(task('a', 'alpha', 'charge'), task('b', 'later', 'charge'));

describe('a service that cannot be reached, where another process may bring it', () => {
  it('is tried again as long as was said, then its run fails: what came before was done once', async () => {
    const { count, operations } = counting();
    const { broker, options } = durable();
    await boot({ alpha: operations }, { ...options, unroutable: { retryFor: '1m' } });
    const { workflowId } = await alpha().start(document);
    await services.clock.advance(50_000);
    expect(await alpha().status(workflowId)).toEqual({ status: 'running' });
    await services.clock.advance(20_000);
    expect(await alpha().status(workflowId)).toMatchObject({
      status: 'failed',
      failure: { code: 'UNROUTABLE', path: 'b' },
      steps: { a: 1 },
    });
    expect(broker.kept('workflow.failed')).toHaveLength(1);
    expect(count.charge).toBe(1);
  });

  it('is sent to once it is there: no step is repeated, no attempt consumed', async () => {
    const { count, operations } = counting();
    const { broker, options } = durable();
    await boot({ alpha: operations }, { ...options, unroutable: { retryFor: '1m' } });
    await alpha().start(document);
    await services.clock.advance(30_000);
    const attempts: unknown[] = [];
    await new MemoryTransport(broker, 'later').consume('later.workflow', ({ body }) => {
      attempts.push((JSON.parse(body) as { attempt?: number }).attempt);
      return Promise.resolve();
    });
    await services.clock.advance(30_000);
    expect(attempts).toEqual([1]);
    expect(count.charge).toBe(1);
  });
});
