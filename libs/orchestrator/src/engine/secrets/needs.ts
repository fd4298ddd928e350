import type { Step } from '../../cookbook/cookbook.js';
import { nodeOf, type Plan } from '../plan.js';
import { groupOf, pointer } from '../position.js';
import type { Run } from '../run.js';

/** Whether the run stands in a loop whose next item, or in a part whose sisters, may need what this one has used. */
export function isHeldBack({ plan, frames }: Run): boolean {
  return frames.some((frame) => {
    const { step, type } = groupOf(plan, frame);
    if (frame.part !== undefined || frame.fork === true) return true;
    return type.split !== undefined && type.child(step, frame) !== undefined;
  });
}

/** Every step that may run from where the run stands, those within others too. Of loops and forks at work: all. */
export function stillToRun(run: Run): readonly Step[] {
  const { plan, frames, current } = run;
  const inside = frames.flatMap((frame) => {
    const { step, type } = groupOf(plan, frame);
    const over = type.child(step, frame) === undefined && frame.fork !== true && frame.part === undefined;
    if (type.split !== undefined) return over ? [] : type.children(step);
    return type.later?.(step, frame) ?? [];
  });
  const at = pointer(run);
  const later = current === undefined ? [] : plan.order.slice(plan.order.indexOf(current) + 1);
  const steps = [...(at === undefined ? [] : [at]), ...inside, ...later.map((id) => nodeOf(plan, id).step)];
  return steps.flatMap((step) => withInner(plan, step));
}

function withInner(plan: Plan, step: Step): readonly Step[] {
  const children = nodeOf(plan, step.step_id).type?.children(step as never) ?? [];
  return [step, ...children.flatMap((child) => withInner(plan, child))];
}
