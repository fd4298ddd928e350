import { describe, expect, it } from '@jest/globals';
import type { WorkflowEvent } from '../../libs/orchestrator/src/events/workflow.event.js';
import { counted, fail, turnsDuring } from '../support/handlers.js';
import { alpha, boot, cookbook, counting, failing, run, services, task } from '../support/services.js';

/** What a run may take of time: its own, and that of others. */

describe('time', () => {
  it('of a helper that never answers ends with its step’s', async () => {
    await boot(
      { alpha: { reads: { ok: () => 1 } } },
      { helpers: { hang: () => new Promise(() => undefined) }, retry: { maxAttempts: 1 } },
    );
    const { workflowId } = await alpha().start(
      cookbook(task('a', 'alpha', 'ok', { v: '{{hang()}}' }, { timeout_ms: 1_000 })),
    );
    await services.clock.advance(1_000);
    expect(await alpha().status(workflowId)).toMatchObject({
      status: 'failed',
      failure: { code: 'OPERATION_TIMEOUT', path: 'a' },
    });
  });

  it.each<[string, object]>([
    ['that the failing side asked for', { reads: { busy: fail({ status: 429, retryAfter: 99_999_999 }) } }],
    ['of a wait', { reads: { busy: () => 1 } }],
  ])('is never longer than the run may live: %s', async (_, operations) => {
    await boot({ alpha: operations });
    const wait = { step_id: 'w', type: 'wait', until: '{{api_input}}' };
    const document = { ...cookbook(task('a', 'alpha', 'busy'), wait), global_timeout_ms: 60_000 };
    const from = services.clock.now();
    const events: WorkflowEvent[] = [];
    alpha().events$.subscribe((event) => events.push(event));
    expect(await run(document, { input: new Date(from + 6 * 86_400_000).toISOString() })).toMatchObject({
      status: 'failed',
      failure: { code: 'RUN_EXPIRED' },
    });
    expect(events.at(-1)?.at).toBe(new Date(from + 60_000).toISOString());
  });

  it('of a run ends it also between the steps of one hop', async () => {
    const slow = async (): Promise<number> => {
      await services.clock.advance(40_000);
      return 1;
    };
    const { calls, handle } = counted(slow);
    await boot({ alpha: { mutates: { slow: handle } } }, { timeout: '5m' });
    const steps = ['a', 'b', 'c', 'd'].map((id) => task(id, 'alpha', 'slow'));
    expect(await run({ ...cookbook(...steps), global_timeout_ms: 60_000 })).toMatchObject({ status: 'failed' });
    expect(calls.length).toBeLessThan(4);
  });

  it('is left to others while many steps run in one hop', async () => {
    await boot({ alpha: { reads: { ok: () => 1 } } });
    const each = { step_id: 'e', type: 'foreach', iterator: '{{api_input}}', body: [task('a', 'alpha', 'ok')] };
    const input = Array.from({ length: 1_000 }, () => 0);
    const turns = await turnsDuring(async () => {
      expect(await run(cookbook(each), { input })).toMatchObject({ status: 'completed' });
    });
    expect(turns).toBeGreaterThan(10);
  }, 60_000); // 27 million steps: a busy machine takes its time

  it('is left to others by control flow without tasks, which ends when the run must', async () => {
    const choice = {
      step_id: 's',
      type: 'switch',
      expression: '{{current}}',
      cases: { none: task('t', 'alpha', 'ok') },
    };
    const each = (step_id: string, iterator: string, body: object[]) => ({ step_id, type: 'foreach', iterator, body });

    await boot({ alpha: { reads: { ok: () => 1 } } });
    const rows = Array.from({ length: 300 }, (_, index) => index);
    const document = cookbook(
      each('x', '{{api_input}}', [each('y', '{{api_input}}', [each('z', '{{api_input}}', [choice])])]),
    );
    const turns = await turnsDuring(async () => {
      expect(await run(document, { input: rows })).toMatchObject({
        status: 'failed',
        failure: { code: 'LIMIT_EXCEEDED' },
      });
    });
    expect(turns).toBeGreaterThan(10);
  });

  it('of a run that completed within it is not over because its end was recorded late', async () => {
    await boot({ alpha: counting().operations });
    failing('end', 1, 'before');
    const document = { ...cookbook(task('a', 'alpha', 'charge')), global_timeout_ms: 900 };
    expect(await run(document)).toMatchObject({ status: 'completed', output: 1 });
  });
});
