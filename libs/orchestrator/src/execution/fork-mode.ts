import type { Step } from '../cookbook/cookbook.js';
import { nodeOf, type Plan } from '../engine/plan.js';
import type { Run } from '../engine/run.js';
import type { OperationRegistry } from '../operations/operation.registry.js';

/** How the parts of a fork run: beside each other in this process, as messages, one after another in the message, or first elsewhere. */
export type ForkWay =
  { readonly kind: 'in-process' | 'messages' | 'walk' } | { readonly kind: 'elsewhere'; readonly service: string };

/** Chooses how the parts of a fork run. */
export class ForkMode {
  constructor(
    private readonly service: string,
    private readonly operations: OperationRegistry,
    /** There is a run record that the services share: parts can leave, and none executes twice. */
    readonly fenced: boolean,
  ) {}

  /**
   * Forks of one service go there. In process they run where nothing is repeated when a part has to leave: with a run record,
   * or when no task of theirs changes anything. Over several services they travel, or without a record are walked.
   */
  wayOf({ plan, frames }: Run): ForkWay {
    const frame = frames.at(-1);
    const steps = frame === undefined ? [] : within(plan, nodeOf(plan, frame.step).step);
    const services = new Set(steps.flatMap((step) => step.service ?? []));
    const [service = this.service] = services;
    if (services.size > 1) return { kind: this.fenced ? 'messages' : 'walk' };
    if (service !== this.service) return { kind: 'elsewhere', service };
    return { kind: this.fenced || steps.every((step) => this.changesNothing(step)) ? 'in-process' : 'walk' };
  }

  private changesNothing(step: Step): boolean {
    if (step.type !== 'task') return true;
    try {
      return !this.operations.find(this.service, step).mutates;
    } catch {
      return false; // the step will say so itself, in its turn
    }
  }
}

/** All steps within a step. */
function within(plan: Plan, step: Step): readonly Step[] {
  const children = nodeOf(plan, step.step_id).type?.children(step as never) ?? [];
  return children.flatMap((child) => [child, ...within(plan, child)]);
}
