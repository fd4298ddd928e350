import type { WaitStep } from '../../cookbook/cookbook.js';
import { StepError } from '../../errors/step.error.js';
import { describe } from '../../utils/describe.js';
import { parseMoment } from '../../utils/moment.js';
import type { Frame } from '../frame.js';
import type { StepType } from './step-type.js';

interface WaitFrame extends Frame {
  /** Milliseconds since the epoch. */
  readonly until: number;
}

/** `wait`: nothing happens until then; the message waits in the transport, not in a process. */
export const wait: StepType<WaitStep, WaitFrame> = {
  children: () => [],
  enter(step, entering) {
    const { now, limits } = entering;
    const until =
      step.until === undefined ? now + (step.duration_ms ?? 0) : momentOf(step, entering.resolve(step.until));
    if (until - now > limits.lifetime) {
      throw new StepError(
        `wait "${step.step_id}": until ${new Date(until).toISOString()} is further away than a run may live (limits.lifetime, ${limits.lifetime} ms).`,
      );
    }
    return { step: step.step_id, until };
  },
  valid: (_, { until }) => typeof until === 'number' && Math.abs(until) <= 8.64e15,
  child: () => undefined,
  take: () => undefined,
  finish: (step, { until }) => ({
    kind: 'completed',
    output: { type: 'wait', step_id: step.step_id, waited_until: new Date(until).toISOString() },
  }),
  hold: ({ until }) => until,
};

function momentOf(step: WaitStep, value: unknown): number {
  const moment = parseMoment(value);
  if (moment !== undefined) return moment;
  throw new StepError(
    `wait "${step.step_id}": until must be an RFC 3339 moment such as 2030-01-31T09:00:00Z (got ${describe(value)}).`,
  );
}
