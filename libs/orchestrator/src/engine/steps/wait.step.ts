import type { WaitStep } from '../../cookbook/cookbook.js';
import { StepError } from '../../errors/step.error.js';
import { describe } from '../../utils/describe.js';
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

const RFC_3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})$/i;

function momentOf(step: WaitStep, value: unknown): number {
  const moment = typeof value === 'string' && RFC_3339.test(value) ? Date.parse(value) : Number.NaN;
  if (!Number.isNaN(moment)) return moment;
  throw new StepError(
    `wait "${step.step_id}": until must be an RFC 3339 moment such as 2030-01-31T09:00:00Z (got ${describe(value)}).`,
  );
}
