import type { Step } from '../cookbook/cookbook.js';
import type { Frame, Run } from './run.js';
import { nodeOf, type Plan } from './plan.js';
import type { AnyStepType, ControlFlow } from './steps/index.js';

/** The step of a frame. Frames are only ever made of control flow. */
export function frameStep(plan: Plan, frame: Frame): ControlFlow {
  return nodeOf(plan, frame.step).step as ControlFlow;
}

/** The type of a frame's step. */
export function frameType(plan: Plan, frame: Frame): AnyStepType {
  return nodeOf(plan, frame.step).type as AnyStepType;
}

/** The step at the pointer: the innermost frame's child, else the top-level one; `undefined` when that group has none left. */
export function pointer(run: Run): Step | undefined {
  const frame = run.frames.at(-1);
  if (frame !== undefined)
    return frame.fork ? undefined : frameType(run.plan, frame).child(frameStep(run.plan, frame), frame);
  return run.current === undefined ? undefined : nodeOf(run.plan, run.current).step;
}

/** Where a step stands within the outer `depth` frames of a run, unique in it: `each[3].charge`. */
export function pathOf(run: Run, stepId: string, depth = run.frames.length): string {
  let path = '';
  for (const frame of run.frames.slice(0, depth))
    path += `${frame.step}${frameType(run.plan, frame).label?.(frame) ?? ''}.`;
  return path + stepId;
}
