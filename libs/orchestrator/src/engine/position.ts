import type { Step } from '../cookbook/cookbook.js';
import type { Frame } from './frame.js';
import type { Run } from './run.js';
import { nodeOf, type Plan } from './plan.js';
import type { AnyStepType, ControlFlow } from './steps/index.js';

/** The step a frame belongs to, and its type. Frames are only ever made of control flow. */
export function groupOf(plan: Plan, frame: Frame): { readonly step: ControlFlow; readonly type: AnyStepType } {
  const { step, type } = nodeOf(plan, frame.step);
  if (step.type === 'task' || type === undefined)
    throw new TypeError(`Step "${frame.step}" is a task: it has no frame.`);
  return { step, type };
}

/** The step at the pointer: the innermost frame's child, else the top-level one; `undefined` when that group has none left. */
export function pointer(run: Run): Step | undefined {
  const frame = run.frames.at(-1);
  if (frame === undefined) return run.current === undefined ? undefined : nodeOf(run.plan, run.current).step;
  if (frame.fork) return undefined;
  const { step, type } = groupOf(run.plan, frame);
  return type.child(step, frame);
}

/** Where a step stands within the outer `depth` frames of a run, unique in it: `each[3].charge`. */
export function pathOf(run: Run, stepId: string, depth = run.frames.length): string {
  let path = '';
  for (let at = 0; at < depth; at += 1) {
    const frame = run.frames[at];
    if (frame !== undefined) path += `${frame.step}${groupOf(run.plan, frame).type.label?.(frame) ?? ''}.`;
  }
  return path + stepId;
}
