import type { Cookbook, JoinStrategy, Step } from '../../../libs/orchestrator/src/cookbook/cookbook.js';
import { Prng } from './prng.js';
import { SERVICES, type OperationName } from './library.js';

/** What a step may refer to: texts of references that resolve there. */
interface Visible {
  readonly references: readonly string[];
  /** References to arrays. */
  readonly lists: readonly string[];
}

const START: Visible = {
  references: ['api_input.n', 'api_input.text', 'api_input.deep.flag', 'api_input.deep', 'workflow_id'],
  lists: ['api_input.items', 'api_input.empty', 'api_input.deep.list'],
};

export const API_INPUT = {
  n: 7,
  text: 'some {{api_input.n}} text',
  items: ['a', 'b', { c: 1 }, null, 5],
  empty: [],
  deep: { flag: true, list: [10, 20, 30] },
};

/** What is generated. */
export interface CookbookKind {
  /** Reads see something else each time they are executed, and the run goes where they say. */
  readonly draws?: boolean;
  /** Steps, about. Default 14. */
  readonly steps?: number;
}

/** A valid cookbook with steps of every type, nested, over several services; the same seed makes the same one. */
export function generateCookbook(seed: number, { draws = false, steps = 14 }: CookbookKind = {}): Cookbook {
  const generator = new Generator(new Prng(seed), draws, steps);
  return generator.cookbook();
}

class Generator {
  private ids = 0;

  constructor(
    private readonly random: Prng,
    private readonly draws: boolean,
    private budget: number,
  ) {}

  cookbook(): Cookbook {
    const { steps } = this.list(START, 1 + this.random.below(5), 0);
    const retry = this.random.chance(0.3) ? { global_retry: { max_attempts: 1 + this.random.below(4) } } : {};
    return { version: '2.1.0', name: 'generated', ...retry, steps };
  }

  private list(visible: Visible, length: number, depth: number): { readonly steps: Step[]; readonly visible: Visible } {
    const steps: Step[] = [];
    let seen = visible;
    for (let index = 0; index < length; index += 1) {
      const step = this.step(seen, depth);
      steps.push(step);
      seen = after(seen, step, this.draws);
    }
    return { steps, visible: seen };
  }

  private step(visible: Visible, depth: number): Step {
    const { random } = this;
    this.budget -= 1;
    const kinds =
      depth >= 4 || this.budget <= 0
        ? ['task']
        : ['task', 'task', 'task', 'steps', 'foreach', 'switch', 'fork_join', 'wait'];
    const step_id = `s${(this.ids += 1)}`;
    const pinned = random.chance(0.3) ? { service: random.pick(SERVICES) } : {};
    const retry = random.chance(0.15) ? { retry: { max_attempts: 1 + random.below(4), delay_ms: 10 } } : {};
    switch (random.pick(kinds)) {
      case 'steps':
        return {
          step_id,
          type: 'steps',
          ...pinned,
          ...retry,
          steps: this.list(visible, 1 + random.below(3), depth + 1).steps,
        };
      case 'foreach': {
        const inside: Visible = {
          ...visible,
          references: [...visible.references, 'current', 'index', 'current', 'index'],
        };
        return {
          step_id,
          type: 'foreach',
          ...pinned,
          iterator: `{{${random.pick(visible.lists)}}}`,
          body: this.list(inside, 1 + random.below(2), depth + 1).steps,
          ...(random.chance(0.5) ? { concurrency: 1 + random.below(4) } : {}),
        };
      }
      case 'switch': {
        const names = ['7', 'true', 'other', 'toString', 'null'].filter(() => random.chance(0.6));
        return {
          step_id,
          type: 'switch',
          ...pinned,
          expression: random.pick([
            ...sidesOf(visible),
            '{{api_input.n}}',
            '$api_input.deep.flag',
            `{{${random.pick(visible.references)}}}`,
            'other',
          ]),
          cases: Object.fromEntries(
            (names.length > 0 ? names : ['7']).map((name) => [name, this.step(visible, depth + 1)]),
          ),
          ...(random.chance(0.5) ? { default: this.step(visible, depth + 1) } : {}),
        };
      }
      case 'fork_join': {
        const names = ['left', 'right', 'third', 'valueOf'].slice(0, 1 + random.below(4));
        const strategy = random.pick<JoinStrategy>(['merge', 'first', 'last', 'all']);
        const branch = (): Step | Step[] =>
          random.chance(0.3) ? this.list(visible, 1 + random.below(2), depth + 1).steps : this.step(visible, depth + 1);
        return {
          step_id,
          type: 'fork_join',
          ...pinned,
          ...retry,
          branches: Object.fromEntries(names.map((name) => [name, branch()])),
          join: { strategy },
        };
      }
      case 'wait':
        return { step_id, type: 'wait', ...pinned, duration_ms: random.below(3) * 1_000 };
      default:
        return this.task(step_id, visible, retry);
    }
  }

  private task(step_id: string, visible: Visible, retry: Partial<Step>): Step {
    const { random } = this;
    const operation = random.pick<OperationName>(
      random.chance(0.04) ? ['broken'] : ['read', 'read', 'write', 'write', 'flaky', 'list', 'nil', 'nothing'],
    );
    const reference = (): string => `{{${random.pick(visible.references)}}}`;
    const input: Record<string, unknown> = {};
    if (operation === 'flaky') input['fails'] = random.below(3);
    if (operation === 'list') input['n'] = random.below(4);
    if (random.chance(0.7)) input['whole'] = reference();
    if (random.chance(0.4)) input['text'] = `a ${reference()} b ${reference()}`;
    if (random.chance(0.2)) input['nested'] = [{ v: reference() }];
    if (random.chance(0.02)) input['gone'] = '{{api_input.nowhere}}';
    return { step_id, type: 'task', service: random.pick(SERVICES), operation, input, ...retry } as Step;
  }
}

/** What can be seen after a step, beside what could be before. */
function after(visible: Visible, step: Step, draws: boolean): Visible {
  const output = `steps.${step.step_id}.output`;
  const references = [...visible.references];
  const lists = [...visible.lists];
  if (step.type === 'task') {
    if (step.operation === 'list') lists.push(output);
    if (['read', 'write'].includes(step.operation)) references.push(output);
    if (step.operation === 'nil') references.push(output);
    if (draws && step.operation === 'read') references.push(`${output}.side`);
  } else {
    references.push(output, `${output}.type`);
  }
  return { references, lists };
}

/** What was drawn before is what a switch is for. */
const sidesOf = ({ references }: Visible): string[] =>
  references.filter((reference) => reference.endsWith('.side')).map((reference) => `{{${reference}}}`);
