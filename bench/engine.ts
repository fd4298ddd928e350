import { advance, resume } from '../libs/orchestrator/src/engine/advance.js';
import { restore } from '../libs/orchestrator/src/engine/checkpoint.js';
import { type Environment, nodeOf, type Plan, planOf } from '../libs/orchestrator/src/engine/plan.js';
import { RunScope } from '../libs/orchestrator/src/engine/run-scope.js';
import type { Step } from '../libs/orchestrator/src/cookbook/cookbook.js';
import { firstMessage } from '../libs/orchestrator/src/execution/first-message.js';
import { DEFAULT_LIMITS } from '../libs/orchestrator/src/message/limits.js';
import type { WorkflowMessage } from '../libs/orchestrator/src/message/workflow-message.js';
import { medians, report } from './report.js';

/**
 * What a step costs the engine, its two references resolved, at 5, 50 and 200 steps and over 10,000 items: it should not
 * matter how long the run already is. The limit of each is the cheapest of them.
 */
const environment: Environment = {
  helpers: {},
  limits: { ...DEFAULT_LIMITS, iterations: 10_000 },
  retry: { maxAttempts: 3, baseDelay: 1_000, maxDelay: 30_000, multiplier: 2 },
  classify: (error) => {
    throw error;
  },
};
const output = { id: 7, name: 'a product', price: { cents: 1_250 } };

const task = (step_id: string, input: object): Step => ({
  step_id,
  type: 'task',
  service: 'here',
  operation: 'do',
  input,
});

/** So many steps, each of which refers to the one before. */
function chain(length: number): readonly Step[] {
  return Array.from({ length }, (_, index) =>
    task(`s${index}`, {
      n: '{{api_input.n}}',
      price: index === 0 ? '{{workflow_id}}' : `{{steps.s${index - 1}.output.price.cents}}`,
    }),
  );
}

/** As many items as there are, each of which refers to a step before the loop. */
const loop: readonly Step[] = [
  task('first', {}),
  {
    step_id: 'each',
    type: 'foreach',
    iterator: '{{api_input.items}}',
    body: [task('s', { n: '{{api_input.n}}', price: '{{steps.first.output.price.cents}}' })],
  },
];

/** Runs the cookbook in one hop. Returns how many steps that were. */
function drive(plan: Plan, message: WorkflowMessage): number {
  let transition = resume(restore(message, plan, 'here', 0));
  let steps = 0;
  while (transition.kind === 'execute') {
    const { run, step } = transition;
    const scope = new RunScope(run, { service: 'here', step_id: step.step_id, workflow_id: 'w' });
    nodeOf(plan, step.step_id).input().resolve(scope, { mode: 'strict', helpers: {} });
    transition = advance(run, { kind: 'completed', output });
    steps += 1;
  }
  return steps;
}

/** Microseconds per step. */
async function perStep(steps: readonly Step[], items: number, calls: number): Promise<number> {
  const plan = planOf({ version: '2.1.0', steps }, environment);
  const input = { n: 1, items: Array.from({ length: items }, (_, id) => ({ id })) };
  const message = firstMessage(plan.cookbook, input, { references: 'strict' }, DEFAULT_LIMITS.lifetime, 0);
  const { run } = await medians(calls, { run: () => drive(plan, message) });
  return run / drive(plan, message);
}

const measured = [
  ['5 steps', await perStep(chain(5), 0, 2_000)],
  ['50 steps', await perStep(chain(50), 0, 200)],
  ['200 steps', await perStep(chain(200), 0, 50)],
  ['10,000 items', await perStep(loop, 10_000, 1)],
] as const;
const limit = Math.min(...measured.map(([, value]) => value));
report(
  'engine',
  measured.map(([name, value]) => ({ name: `a step of ${name}`, value, unit: 'µs', limit, goal: '<= 1.5' })),
);
