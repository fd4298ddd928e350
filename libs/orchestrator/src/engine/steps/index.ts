import type { Step, TaskStep } from '../../cookbook/cookbook.js';
import type { Frame } from '../frame.js';
import { foreach } from './foreach.step.js';
import { forkJoin } from './fork-join.step.js';
import { group } from './group.step.js';
import type { StepType } from './step-type.js';
import { choice } from './switch.step.js';
import { wait } from './wait.step.js';

export type ControlFlow = Exclude<Step, TaskStep>;

/** Any control-flow step's type, together with the steps and frames that are its own. */
export type AnyStepType = StepType<ControlFlow, Frame>;

/** The step types by their name in the cookbook. A task is none: it has no inside. */
const STEP_TYPES = { steps: group, foreach, switch: choice, fork_join: forkJoin, wait };

/**
 * The type of a control-flow step. The caller hands it only this step and frames that this type made, or that `valid`
 * accepted: that is what the conversion stands on.
 */
export function stepTypeOf(step: ControlFlow): AnyStepType {
  return STEP_TYPES[step.type];
}
