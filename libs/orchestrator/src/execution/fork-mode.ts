import type { Step, TaskStep } from '../cookbook/cookbook.js';
import { nodeOf, type Plan } from '../engine/plan.js';
import type { Run } from '../engine/run.js';
import type { OperationRegistry } from '../operations/operation.registry.js';

/** Chooses how the parts of a fork run. */
export class ForkMode {
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
    return (
      frame !== undefined && tasksWithin(plan, nodeOf(plan, frame.step).step).every((task) => this.isLocalRead(task))
    );
  }

  private isLocalRead(task: TaskStep): boolean {
    if (task.service !== this.service) return false;
    try {
      return !this.operations.find(this.service, task).mutates;
    } catch {
      return false; // the step will say so itself, in its turn
    }
  }
}

function tasksWithin(plan: Plan, step: Step): TaskStep[] {
  if (step.type === 'task') return [step];
  return (nodeOf(plan, step.step_id).type?.children(step) ?? []).flatMap((child) => tasksWithin(plan, child));
}
