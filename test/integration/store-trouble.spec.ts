import { describe, expect, it } from '@jest/globals';
import { MemoryStateStore } from '../../libs/orchestrator/src/state/memory/memory.store.js';
import {
  alpha,
  boot,
  broker,
  cookbook,
  counting,
  failing,
  run,
  sent,
  services,
  store,
  task,
  terminals,
} from '../support/services.js';

/** The run record away, slow, refusing, or restarted empty: nothing is lost, and nothing that was recorded runs again. */

const two = cookbook(task('a', 'alpha', 'charge'), task('b', 'alpha', 'charge'));

/** One part of it is still waiting when the other has ended. */
const forked = cookbook({
  step_id: 'f',
  type: 'fork_join',
  branches: {
    a: task('x', 'alpha', 'charge'),
    b: [{ step_id: 'w', type: 'wait', duration_ms: 1_000 }, task('y', 'beta', 'charge')],
  },
  join: { strategy: 'all' },
});

describe('a run record that is away', () => {
  it.each<[string, Parameters<typeof failing>]>([
    ['before the message is claimed', ['claim', 3, 'before']],
    ['after the claim was noted', ['claim', 1, 'after']],
    ['before an outcome is recorded', ['record', 3, 'before']],
    ['after an outcome was recorded', ['record', 2, 'after']],
    ['before the end is noted', ['end', 3, 'before']],
    ['after the end was noted', ['end', 1, 'after']],
  ])('%s: every effect happens once, the run ends once', async (_, fault) => {
    const { count, operations } = counting();
    await boot({ alpha: operations });
    failing(...fault);
    expect(await run(two)).toMatchObject({ status: 'completed', steps: { a: 1, b: 2 } });
    expect(count.charge).toBe(2);
    expect(new Set(terminals().map((terminal) => JSON.stringify(terminal))).size).toBe(1);
  });

  it('and a transport that takes nothing either: the message is held, and what it has come to is not lost', async () => {
    const { count, operations } = counting();
    await boot({ alpha: operations, beta: operations });
    const publish = broker().publish.bind(broker());
    let refused = 0;
    broker().publish = (message) => {
      if (message.destination === 'beta.workflow' && (refused += 1) <= 5) throw new Error('full');
      publish(message);
    };
    const { workflowId } = await alpha().start(cookbook(task('a', 'alpha', 'charge'), task('b', 'beta', 'charge')));
    await services.clock.advance(10_000);
    expect(await alpha().status(workflowId)).toMatchObject({ status: 'completed' });
    expect([refused, count.charge]).toEqual([6, 2]);
  });
});

describe('a run record that does not answer', () => {
  it('counts as away after ten seconds: the message is put back, not held', async () => {
    const { count, operations } = counting();
    let hung = 0;
    const hanging = {
      kind: 'hanging',
      create: () => {
        const memory = new MemoryStateStore(lateClock);
        const record = memory.record.bind(memory);
        memory.record = (...call) => ((hung += 1) <= 2 ? new Promise(() => undefined) : record(...call));
        return memory;
      },
    };
    await boot({ alpha: operations }, { state: hanging });
    const { workflowId } = await alpha().start(two);
    await services.clock.advance(300_000);
    expect(await alpha().status(workflowId)).toMatchObject({ status: 'completed', steps: { a: 1, b: 2 } });
    expect([count.charge, hung > 2]).toEqual([2, true]);
  });
});

describe('a run record that restarts empty', () => {
  /** Forgets everything, as a Redis without a disk does. */
  const forget = (): void => {
    Object.assign(store(), { runs: (new MemoryStateStore(services.clock) as never as { runs: unknown }).runs });
  };

  it('between two hops stops no run', async () => {
    const { count, operations } = counting();
    await boot({ alpha: operations, beta: counting().operations });
    const wait = { step_id: 'w', type: 'wait', duration_ms: 1_000 };
    const { workflowId } = await alpha().start(
      cookbook(task('a', 'alpha', 'charge'), wait, task('b', 'beta', 'charge')),
    );
    await services.clock.advance(500);
    forget();
    await services.settle();
    expect(await alpha().status(workflowId)).toMatchObject({ status: 'completed' });
    expect(count.charge).toBe(1);
  });

  it('while a fork is under way stops it, where messages end with the process too: no part waits as one (`waiting-parts.spec`)', async () => {
    await boot({ alpha: counting().operations, beta: counting().operations });
    const { workflowId } = await alpha().start(forked);
    await services.clock.advance(500);
    forget();
    await services.settle();
    expect(await alpha().status(workflowId)).toEqual({ status: 'unknown' });
    expect(sent('workflow.completed')).toEqual([]);
  });
});

/** The virtual clock of the test at work, for what is made before it is. */
const lateClock = {
  now: () => services.clock.now(),
  monotonic: () => services.clock.monotonic(),
  after: (ms: number, fire: () => void) => services.clock.after(ms, fire),
};
