import { beforeEach, describe, expect, it } from '@jest/globals';
import { MessageTooLargeError } from '../../libs/orchestrator/src/errors/message-too-large.error.js';
import type { RunRecord } from '../../libs/orchestrator/src/state/memory/run-record.js';
import type { OutgoingMessage } from '../../libs/orchestrator/src/transports/workflow.transport.js';
import { durable } from '../support/durable.js';
import { alpha, boot, cookbook, counting, services, task } from '../support/services.js';

/** Parts that have ended, where messages outlive the record: they wait for the others as messages, whatever the record loses. */

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const DAY = 24 * 60 * MINUTE;

let { broker, store, options } = durable(); // of the test at work
let lines: string[];
let [one, two] = [counting(), counting()];
beforeEach(async () => {
  ({ broker, store, options } = durable());
  [one, two] = [counting(), counting()];
  lines = [];
  const keep = (line: string): void => void lines.push(line);
  await boot({ alpha: one.operations, beta: two.operations }, options, [], { log: keep, warn: keep, error: keep });
});

/** What a record in memory is made of. */
interface Inside {
  readonly runs: { readonly records: Map<string, RunRecord> };
}
const recordsOf = (): Map<string, RunRecord> => (store as unknown as Inside).runs.records;

/** Its part `a` has ended at once; `b` comes so much later. */
const forked = (duration_ms: number): object =>
  cookbook({
    step_id: 'f',
    type: 'fork_join',
    branches: {
      a: task('x', 'alpha', 'charge'),
      b: [{ step_id: 'w', type: 'wait', duration_ms }, task('y', 'beta', 'charge')],
    },
    join: { strategy: 'all' },
  });

type Envelope = Record<string, unknown>;

/** Whatever is published from now on, perhaps otherwise, or not at all; what it throws is the answer. */
function intercept(
  change: (envelope: Envelope, message: OutgoingMessage) => Envelope | [Envelope, object] | undefined,
): void {
  const publish = broker.publish.bind(broker);
  broker.publish = (message) => {
    const changed = change(JSON.parse(message.body) as Envelope, message);
    if (changed === undefined) return;
    const [envelope, more] = Array.isArray(changed) ? changed : [changed, {}];
    publish({ ...message, ...more, body: JSON.stringify(envelope) });
  };
}

/** How long parts wait from now on, in milliseconds. */
function waits(): number[] {
  const delays: number[] = [];
  intercept((envelope, { delay = 0 }) => {
    if (envelope['waiting_since'] !== undefined) delays.push(delay);
    return envelope;
  });
  return delays;
}

describe('a part that has ended', () => {
  it('arrives again after a minute, then as long as it has waited, every 15 minutes at most, until its fork is over', async () => {
    const delays = waits();
    const { workflowId } = await alpha().start(forked(120 * MINUTE));
    await services.clock.advance(119 * MINUTE);
    expect(delays.slice(0, 7).map((ms) => ms / MINUTE)).toEqual([1, 1, 2, 4, 8, 15, 15]);
    await services.clock.advance(2 * MINUTE);
    expect(await alpha().status(workflowId)).toMatchObject({ status: 'completed' });
    const { length } = delays;
    await services.clock.advance(DAY);
    expect([delays.length, broker.kept('workflow.completed').length]).toEqual([length, 1]);
    expect([one.count.charge, two.count.charge]).toEqual([1, 1]);
  });

  it('sends its run on a second time where it arrives again before that has gone on, and the claim lets one through', async () => {
    intercept((envelope, message) => {
      const isContinuation =
        envelope['seq'] === 2 && message.destination === 'alpha.workflow' && envelope['line'] === '';
      if (isContinuation) on.push(envelope);
      return [envelope, isContinuation ? { delay: 2 * MINUTE } : { delay: message.delay }];
    });
    const on: Envelope[] = [];
    const steps = [...(forked(SECOND) as { steps: object[] }).steps, task('z', 'alpha', 'charge')];
    const { workflowId } = await alpha().start(cookbook(...steps));
    await services.clock.advance(10 * MINUTE);
    expect(await alpha().status(workflowId)).toMatchObject({ status: 'completed' });
    expect(on).toHaveLength(2);
    expect([one.count.charge, two.count.charge]).toEqual([2, 1]);
    expect(broker.kept('workflow.completed')).toHaveLength(1);
  });

  it('sends nothing on where its run has', async () => {
    const on: Envelope[] = [];
    intercept((envelope) => {
      if (envelope['line'] === '' && envelope['seq'] === 2) on.push(envelope);
      return envelope;
    });
    const wait = { step_id: 'long', type: 'wait', duration_ms: 10 * MINUTE };
    await alpha().start(cookbook(...(forked(SECOND) as { steps: object[] }).steps, wait));
    await services.clock.advance(5 * MINUTE);
    expect(on).toHaveLength(1);
  });

  it.each<[string, () => void]>([
    [
      'everything',
      () => {
        recordsOf().clear();
      },
    ],
    [
      'what has arrived alone, as one that fails over',
      () => {
        for (const { joins } of recordsOf().values()) joins.clear();
      },
    ],
  ])('goes on although the record has lost %s, and is not executed anew', async (_, forget) => {
    const { workflowId } = await alpha().start(forked(SECOND));
    await services.clock.advance(SECOND / 2);
    forget();
    await services.clock.advance(2 * MINUTE);
    expect(await alpha().status(workflowId)).toMatchObject({ status: 'completed' });
    expect(broker.kept('workflow.completed')).toHaveLength(1);
    expect([one.count.charge, two.count.charge]).toEqual([1, 1]);
  });

  it.each(['1970-01-01T00:00:00.000Z', '9999-01-01T00:00:00.000Z'])(
    'waits between one and 15 minutes, since whenever its message says (%s)',
    async (waiting_since) => {
      intercept((envelope) => ({ ...envelope, ...(envelope['waiting_since'] !== undefined && { waiting_since }) }));
      const delays = waits();
      const { workflowId } = await alpha().start(forked(40 * MINUTE));
      await services.clock.advance(39 * MINUTE);
      expect(delays.length).toBeGreaterThan(2);
      expect(delays.every((ms) => ms >= MINUTE && ms <= 15 * MINUTE)).toBe(true);
      await services.clock.advance(2 * MINUTE);
      expect(await alpha().status(workflowId)).toMatchObject({ status: 'completed' });
    },
  );

  it('waits for an hour after its run must have ended, and says that it gives up: its sisters are nowhere', async () => {
    intercept((envelope) => (envelope['line'] === 'f@1/b' ? undefined : envelope)); // the transport loses one
    const delays = waits();
    await alpha().start({ ...forked(SECOND), global_timeout_ms: 60 * MINUTE });
    await services.clock.advance(110 * MINUTE);
    const { length } = delays;
    await services.clock.advance(15 * MINUTE);
    expect(delays.length).toBeGreaterThan(0);
    expect(lines.filter((line) => line.includes('f/a waits no more'))).toHaveLength(1);
    await services.clock.advance(DAY);
    expect(delays).toHaveLength(length);
  });

  it('does not wait in a message that is too large, and says so; its run depends on the record then', async () => {
    intercept((envelope) => {
      if (envelope['waiting_since'] !== undefined) throw new MessageTooLargeError(2, 'messageBytes', 1);
      return envelope;
    });
    const { workflowId } = await alpha().start(forked(SECOND));
    await services.clock.advance(2 * SECOND);
    expect(await alpha().status(workflowId)).toMatchObject({ status: 'completed' });
    expect(lines.filter((line) => line.includes('f/a has arrived, and does not fit'))).toHaveLength(1);
  });
});

describe('of a run of which the record has lost everything but parts that wait', () => {
  const lose = async (): Promise<void> => {
    await services.clock.advance(10 * SECOND);
    recordsOf().clear();
    await services.clock.advance(2 * MINUTE);
  };
  const handedOver = (...first: object[]): object => ({
    ...cookbook(...first, task('work', 'alpha', 'charge'), task('receipt', 'beta', 'charge')),
    delivery: { to: 'a@example.com', on_result: 'receipt' },
  });
  const fork = (forked(SECOND) as { steps: object[] }).steps;

  it('the delivery goes on', async () => {
    const handOvers: Envelope[] = [];
    intercept((envelope, { destination }) => {
      if (destination === 'workflow.delivery_requested') handOvers.push(envelope);
      return envelope;
    });
    const { workflowId } = await alpha().start(handedOver(...fork));
    await lose();
    await alpha().resume(handOvers[0] ?? {}, { status: 'completed' });
    await services.clock.advance(MINUTE);
    expect(await alpha().status(workflowId)).toMatchObject({ status: 'completed' });
  });

  it('the failed run can be requeued', async () => {
    const failing = { ...cookbook(...fork, task('z', 'alpha', 'charge', '{{api_input.nothing}}')) };
    const { workflowId } = await alpha().start(failing);
    await lose();
    expect(await alpha().status(workflowId)).toEqual({ status: 'unknown' });
    expect(await alpha().requeue(workflowId)).toEqual({ workflowId });
  });
});

it('a hand-over of which the record has lost that alone goes on', async () => {
  const handOvers: Envelope[] = [];
  intercept((envelope, { destination }) => {
    if (destination === 'workflow.delivery_requested') handOvers.push(envelope);
    return envelope;
  });
  const delivery = { to: 'a@example.com', on_result: 'receipt' };
  const steps = [task('work', 'alpha', 'charge'), task('receipt', 'beta', 'charge')];
  const { workflowId } = await alpha().start({ ...cookbook(...steps), delivery });
  await services.clock.advance(SECOND);
  for (const line of recordsOf().get(workflowId)?.lines.values() ?? []) delete line.departure;
  await alpha().resume(handOvers[0] ?? {}, { status: 'completed' });
  await services.clock.advance(SECOND);
  expect(await alpha().status(workflowId)).toMatchObject({ status: 'completed' });
  await expect(alpha().resume(handOvers[0] ?? {}, { status: 'completed' })).rejects.toThrow('does not wait');
});

it('an ended run of which the record has lost what led there tells its end again, and executes nothing', async () => {
  const messages: Envelope[] = [];
  intercept((envelope) => {
    messages.push(envelope);
    return envelope;
  });
  const { workflowId } = await alpha().start(cookbook(task('work', 'alpha', 'charge', { n: 1 })));
  await services.clock.advance(SECOND);
  for (const line of recordsOf().get(workflowId)?.lines.values() ?? []) {
    Object.assign(line, { journal: {}, leasedUntil: 0 });
  }
  await alpha().processWorkflowMessage(messages[0] ?? {});
  await services.clock.advance(MINUTE);
  expect(one.count.charge).toBe(1);
  const ends = messages.filter(({ status }) => status !== undefined);
  expect(ends.map(({ status, api_output: output, steps }) => [status, output, steps])).toEqual([
    ['completed', 1, { work: 1 }],
    ['completed', 1, { work: 1 }],
  ]);
});

describe('a run that has ended while a part of it waits, and has not told so', () => {
  /** Ends it with the message that holds that line, whose process dies then; the message comes again. */
  const ended = async (line: string): Promise<Envelope[]> => {
    const messages: Envelope[] = [];
    intercept((envelope) => {
      messages.push(envelope);
      return envelope;
    });
    const { workflowId } = await alpha().start(forked(60 * MINUTE));
    await services.clock.advance(SECOND);
    const held = recordsOf().get(workflowId)?.lines.get(line);
    expect(held).toBeDefined();
    const { seq, hopId, token } = held ?? { seq: 0, hopId: '', token: '' };
    const failure = {
      type: 'infrastructure',
      code: 'POISON_MESSAGE',
      message: 'given up',
      path: 'f',
      step: 'f',
      retryable: false,
    };
    await store.end({ workflowId, epoch: 0, line, seq, hopId, token }, { status: 'failed', failure } as never);
    for (const each of recordsOf().get(workflowId)?.lines.values() ?? []) each.leasedUntil = 0;
    await alpha().processWorkflowMessage(messages.find(({ hop_id: id }) => id === hopId) ?? {});
    await services.clock.advance(2 * 60 * MINUTE);
    return messages.filter(({ status }) => status !== undefined);
  };

  it.each([
    ['that left the fork', ''],
    ['of a part', 'f@1/a'],
  ])('tells so when the message %s comes again', async (_, line) => {
    const ends = await ended(line);
    expect(ends.map(({ status, error }) => [status, (error as { code: string }).code])).toEqual([
      ['failed', 'POISON_MESSAGE'],
    ]);
    expect([one.count.charge, two.count.charge]).toEqual([1, 0]);
  });
});

it('a failed run of which the record has lost the end alone can be requeued', async () => {
  const { workflowId } = await alpha().start(cookbook(task('z', 'alpha', 'charge', '{{api_input.nothing}}')));
  await services.clock.advance(SECOND);
  expect(await alpha().status(workflowId)).toMatchObject({ status: 'failed' });
  const record = recordsOf().get(workflowId);
  delete record?.ending;
  expect(await alpha().status(workflowId)).toEqual({ status: 'running' });
  expect(await alpha().requeue(workflowId)).toEqual({ workflowId });
});
