import type { GroupStep } from '../../cookbook/cookbook.js';
import type { Frame } from '../frame.js';
import { isRecord } from '../../utils/is-record.js';
import { isCount, type StepType } from './step-type.js';

interface GroupFrame extends Frame {
  /** Index of the step to run. */
  at: number;
  results: Record<string, unknown>;
}

/** `steps`: one after another. */
export const group: StepType<GroupStep, GroupFrame> = {
  children: (step) => step.steps,
  enter: (step) => ({ step: step.step_id, at: 0, results: {} }),
  valid: (step, frame) => isCount(frame['at']) && frame['at'] <= step.steps.length && isRecord(frame['results']),
  child: (step, frame) => step.steps[frame.at],
  take(_, frame, child, ended) {
    if (ended.failed === undefined && ended.output !== undefined) frame.results[child.step_id] = ended.output;
    frame.at += 1;
  },
  finish: (step, frame) => ({
    kind: 'completed',
    output: {
      type: 'steps',
      step_id: step.step_id,
      order: step.steps.map((child) => child.step_id),
      results: frame.results,
    },
  }),
  sees: (frame) => ({ results: frame.results }),
  later: (step, frame) => step.steps.slice(frame.at + 1),
  outputs: (_, child) => [['results', child.step_id]],
  places: (_, __, keys) => (keys[0] === 'results' ? [keys] : []),
};
