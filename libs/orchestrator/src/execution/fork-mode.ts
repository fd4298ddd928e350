import type { Step, TaskStep } from '../cookbook/cookbook.js';
import { nodeOf, type Plan } from '../engine/plan.js';
import type { Run } from '../engine/run.js';
import type { OperationRegistry } from '../operations/operation.registry.js';

/** How the parts of a fork run: beside each other in this process, one after another in the message, or first elsewhere. */
export type ForkWay =
  | { readonly kind: 'in-process' }
  | { readonly kind: 'walk' }
  | { readonly kind: 'elsewhere'; readonly service: string };

/** Chooses how the parts of a fork run. */
export class ForkMode {
  constructor(
    private readonly service: string,
    private readonly operations: OperationRegistry,
  ) {}

  /**
   * In process when all tasks are this service's and none changes anything: then a part that has to wait costs nothing but
   * reading again, when the fork is walked instead. When all are of one other service, that one chooses.
   */
  wayOf({ plan, frames }: Run): ForkWay {
    const frame = frames.at(-1);
    const tasks = frame === undefined ? [] : tasksWithin(plan, nodeOf(plan, frame.step).step);
    const [service, ...others] = new Set(tasks.map((task) => task.service));
    if (service === undefined || others.length > 0) return { kind: 'walk' };
    if (service !== this.service) return { kind: 'elsewhere', service };
    return { kind: tasks.every((task) => this.isRead(task)) ? 'in-process' : 'walk' };
  }

  private isRead(task: TaskStep): boolean {
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
