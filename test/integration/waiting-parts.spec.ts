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

/** Whatever is published from now on, perhaps otherwise; what it throws is the answer. */
function intercept(change: (envelope: Envelope, message: OutgoingMessage) => Envelope | undefined): void {
  const publish = broker.publish.bind(broker);
  broker.publish = (message) => {
    const envelope = change(JSON.parse(message.body) as Envelope, message);
    if (envelope !== undefined) publish({ ...message, body: JSON.stringify(envelope) });
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

  it('sends its run on once more at most, and no line twice, where it arrives again after the last', async () => {
    const after = cookbook(
      ...(forked(SECOND) as { steps: object[] }).steps,
      { step_id: 'long', type: 'wait', duration_ms: 10 * MINUTE },
      task('z', 'alpha', 'charge'),
    );
    const { workflowId } = await alpha().start(after);
    await services.clock.advance(11 * MINUTE);
    expect(await alpha().status(workflowId)).toMatchObject({ status: 'completed' });
    expect([one.count.charge, two.count.charge]).toEqual([2, 1]);
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

  it('waits for a day after its run must have ended, and says that it gives up: its sisters are nowhere', async () => {
    intercept((envelope) => (envelope['line'] === 'f/b' ? undefined : envelope)); // the transport loses one
    const delays = waits();
    await alpha().start({ ...forked(SECOND), global_timeout_ms: 60 * MINUTE });
    await services.clock.advance(23 * 60 * MINUTE);
    const { length } = delays;
    await services.clock.advance(60 * MINUTE);
    expect(delays.length).toBeGreaterThan(length);
    await services.clock.advance(2 * 60 * MINUTE);
    const atLast = delays.length;
    await services.clock.advance(DAY);
    expect(delays).toHaveLength(atLast);
    expect(lines.filter((line) => line.includes('f/a waits no more'))).toHaveLength(1);
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
