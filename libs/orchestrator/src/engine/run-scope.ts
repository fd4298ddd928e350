import { DELIVERY_ROOT, type HelperContext, ITEM_ROOTS, RUN_ROOTS, type Scope } from '../references/scope.js';
import type { Run } from './run.js';
import { groupOf } from './position.js';
import type { Seen } from './steps/step-type.js';

/** What a step at the run's pointer sees: the groups around it from the innermost outwards, then the top level. */
export class RunScope implements Scope {
  constructor(
    private readonly run: Run,
    readonly context: HelperContext,
  ) {}

  root(name: string): unknown {
    const { message, plan } = this.run;
    switch (name) {
      case 'api_input':
        return message.cookbook['api_input'] === undefined ? {} : message.cookbook['api_input'];
      case 'current':
        return this.inside((seen) => seen.item)?.current;
      case 'index':
        return this.inside((seen) => seen.item)?.index;
      case 'workflow_id':
        return message.workflowId;
      case 'correlation_id':
        return message.correlationId;
      case 'tenant_id':
        return message.tenantId;
      case 'workspace_id':
        return message.workspaceId ?? plan.cookbook.defaults?.workspace_id;
      case 'person_id':
        return message.personId;
      case DELIVERY_ROOT:
        return message.deliveryResult === undefined ? undefined : { _result: message.deliveryResult };
      case '_system': // of the original's messages alone: no cookbook is written with it
        return message.cookbook['_system'];
      case 'step_id':
        return this.context.step_id;
      default:
        return undefined;
    }
  }

  step(stepId: string): { readonly output: unknown } | undefined {
    const inside = this.inside(({ results }) =>
      Object.hasOwn(results, stepId) ? { output: results[stepId] } : undefined,
    );
    if (inside !== undefined) return inside;
    return this.run.outputs.has(stepId) ? { output: this.run.outputs.get(stepId) } : undefined;
  }

  names(): { readonly roots: readonly string[]; readonly steps: readonly string[] } {
    const steps = [...this.run.outputs.keys()];
    this.inside(({ results }) => void steps.push(...Object.keys(results)));
    const roots = [...RUN_ROOTS, DELIVERY_ROOT, ...ITEM_ROOTS];
    return { roots: roots.filter((name) => this.root(name) !== undefined), steps };
  }

  /** The first answer of a frame, from the innermost outwards. */
  private inside<T>(ask: (seen: Seen) => T | undefined): T | undefined {
    const { plan, frames } = this.run;
    for (let depth = frames.length - 1; depth >= 0; depth -= 1) {
      const frame = frames[depth];
      const seen = frame && groupOf(plan, frame).type.sees?.(frame);
      const answer = seen === undefined ? undefined : ask(seen);
      if (answer !== undefined) return answer;
    }
    return undefined;
  }
}
