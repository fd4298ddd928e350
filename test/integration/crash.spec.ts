import { describe, expect, it } from '@jest/globals';
import { alpha, boot, broker, cookbook, run, sent, services, task, terminals } from '../support/services.js';

/** What a process that dies leaves to the next one: the same message, and what its record says. The simulator dies everywhere. */

/** A read that answers differently each time, and the two arms that depend on it. */
function deciding(): { readonly log: string[]; readonly document: object; readonly boot: () => Promise<void> } {
  const log: string[] = [];
  let answers = 0;
  const arm = (name: string) => ({ mutates: { arm: () => (log.push(name), name) } });
  const choice = {
    step_id: 's',
    type: 'switch',
    expression: '{{steps.r.output}}',
    cases: { '0': task('zero', 'beta', 'arm'), '1': task('one', 'alpha', 'arm') },
  };
  return {
    log,
    document: cookbook(task('r', 'alpha', 'read'), choice),
    boot: () => boot({ alpha: { ...arm('one'), reads: { read: () => answers++ } }, beta: arm('zero') }),
  };
}

describe('both arms of a switch', () => {
  it('are never taken, although the read before it answers otherwise after a crash between record and publish', async () => {
    const { log, document, boot: begin } = deciding();
    await begin();
    const publish = broker().publish.bind(broker());
    let died = false;
    broker().publish = (message) => {
      if (message.destination === 'beta.workflow' && !died)
        died = true; // and with it the message that was not sent yet
      else publish(message);
    };
    const { workflowId } = await alpha().start(document);
    await services.clock.advance(120_000); // the lease of the dead
    const [first] = sent('alpha.workflow');
    await alpha().processWorkflowMessage(first ?? {});
    await services.settle();
    expect(died).toBe(true);
    expect(await alpha().status(workflowId)).toMatchObject({ status: 'completed', steps: { r: 0 } });
    expect(log).toEqual(['zero']);
  });

  it('are never taken when the message comes again after it was sent on, at once or late', async () => {
    const { log, document, boot: begin } = deciding();
    await begin();
    await run(document);
    const [first] = sent('alpha.workflow');
    expect(await alpha().processWorkflowMessage(first ?? {})).toEqual({ skipped: true, reason: 'stale' });
    await services.clock.advance(120_000);
    expect(await alpha().processWorkflowMessage(first ?? {})).toEqual({ skipped: true, reason: 'stale' });
    expect(log).toEqual(['zero']);
    expect(terminals()).toHaveLength(1);
  });
});
