import { describe, expect, it } from '@jest/globals';
import { durable } from '../support/durable.js';
import { alpha, boot, cookbook, counting, sent, services, task } from '../support/services.js';

const newer = { workflow_id: 'w', correlation_id: 'w', protocol: 99, cookbook: cookbook(task('a', 'alpha', 'charge')), current_step: 'a', later: { x: 1 } }; // prettier-ignore

describe('a message of a newer version', () => {
  it('in memory, where nobody knows it, is refused at once, as it came', async () => {
    await boot({ alpha: counting().operations });
    expect(await alpha().processWorkflowMessage(newer)).toMatchObject({ dlq: true });
    expect(sent('workflow.failed')).toMatchObject([
      { error: { code: 'PROTOCOL_TOO_NEW' }, raw: JSON.stringify(newer) },
    ]);
  });

  it('waits for a process that knows it, unchanged, until it has waited long enough', async () => {
    const { count, operations } = counting();
    const { broker, options } = durable();
    await boot({ alpha: operations }, { ...options, unroutable: { retryFor: '1m' } });
    expect(await alpha().processWorkflowMessage(newer)).toEqual({ skipped: true, reason: 'too-new' });
    await services.clock.advance(50_000);
    expect(broker.kept('workflow.failed')).toEqual([]);
    await services.clock.advance(20_000);
    const [failed] = broker.kept('workflow.failed').map(({ body }) => JSON.parse(body) as { raw: string });
    expect(JSON.parse(failed?.raw ?? '{}')).toMatchObject(newer);
    expect(count.charge).toBe(0);
  });
});

describe('a message of the original, without a hop_id', () => {
  it('that comes twice runs once; its steps go on as ours do', async () => {
    const { count, operations } = counting();
    await boot({ alpha: operations });
    const document = cookbook(task('a', 'alpha', 'charge'), task('b', 'alpha', 'charge'));
    const original = { workflow_id: 'w', correlation_id: 'w', cookbook: document, current_step: 'a' };
    await Promise.all([alpha().processWorkflowMessage(original), alpha().processWorkflowMessage(original)]);
    await services.settle();
    expect(count.charge).toBe(2);
    const contents = sent('workflow.completed').map((terminal) => JSON.stringify(terminal));
    expect(new Set(contents).size).toBe(1);
  });
});
