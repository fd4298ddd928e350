import type { Step, TaskStep } from '../cookbook/cookbook.js';
import { type Plan, nodeOf } from '../engine/plan.js';
import type { Run } from '../engine/run.js';
import type { OperationRegistry } from '../operations/operation.registry.js';

/** Chooses how the parts of a fork run. */
export class ForkMode {
  private readonly known = new WeakMap<Step, boolean>();

  constructor(
    private readonly service: string,
    private readonly operations: OperationRegistry,
  ) {}

  /**
   * Whether the parts of the run's fork may run beside each other in this process: all their tasks are this service's, and
   * none changes anything. Then a part that has to wait costs nothing but reading again, when the fork is walked instead.
   */
  mayRunInProcess({ plan, frames }: Run): boolean {
    const frame = frames.at(-1);
    if (frame === undefined) return false;
    const { step } = nodeOf(plan, frame.step);
    let may = this.known.get(step);
    if (may === undefined) {
      may = tasksWithin(plan, step).every((task) => this.isLocalRead(task));
      this.known.set(step, may);
    }
    return may;
  }

  private isLocalRead(task: TaskStep): boolean {
    return task.service === this.service && !this.operations.mayMutate(this.service, task);
  }
}

function tasksWithin(plan: Plan, step: Step): TaskStep[] {
  if (step.type === 'task') return [step];
  return (nodeOf(plan, step.step_id).type?.children(step) ?? []).flatMap((child) => tasksWithin(plan, child));
}
