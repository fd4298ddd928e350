import { advance, resume } from '../../../libs/orchestrator/src/engine/advance.js';
import { checkpoint, restore } from '../../../libs/orchestrator/src/engine/checkpoint.js';
import type { Failure } from '../../../libs/orchestrator/src/errors/failure.js';
import type { Outcome } from '../../../libs/orchestrator/src/engine/outcome.js';
import { type Environment, type Plan, planOf } from '../../../libs/orchestrator/src/engine/plan.js';
import type { Run } from '../../../libs/orchestrator/src/engine/run.js';
import type { Transition } from '../../../libs/orchestrator/src/engine/transition.js';
import type { Cookbook, Step, TaskStep } from '../../../libs/orchestrator/src/cookbook/cookbook.js';
import { DEFAULT_LIMITS } from '../../../libs/orchestrator/src/message/limits.js';
import type { WorkflowMessage } from '../../../libs/orchestrator/src/message/workflow-message.js';

export const NOW = Date.parse('2030-01-01T00:00:00.000Z');

export const environment: Environment = {
  helpers: {},
  limits: DEFAULT_LIMITS,
  retry: { maxAttempts: 3, baseDelay: 1_000, maxDelay: 30_000, multiplier: 2 },
  classify: (error) =>
    failure({ message: (error as Error).message, code: (error as { code: string }).code, source: 'engine' }),
};

export const task = (step_id: string, more: Partial<TaskStep> = {}): TaskStep => ({
  step_id,
  type: 'task',
  service: 'here',
  operation: 'do',
  ...more,
});

export const planned = (...steps: Step[]): Plan => planOf({ version: '2.1.0', steps }, environment);

export function failure(more: Partial<Failure> = {}): Failure {
  return {
    type: 'BUSINESS',
    message: 'no',
    code: 'NO',
    status: 409,
    details: [],
    source: 'handler',
    retryable: false,
    ...more,
  };
}

export const completed = (output?: unknown): Outcome => ({ kind: 'completed', output });
export const failed = (more: Partial<Failure> = {}): Outcome => ({ kind: 'failed', failure: failure(more) });
export const transient = (more: Partial<Failure> = {}): Outcome =>
  failed({ type: 'TRANSIENT', status: 503, retryable: true, ...more });

export function messageOf(plan: Plan, change: Partial<WorkflowMessage> = {}): WorkflowMessage {
  return {
    workflowId: 'w',
    correlationId: 'c',
    cookbook: { ...plan.cookbook, api_input: { n: 7, items: ['a', 'b', 'c'] } },
    currentStep: plan.order[0] ?? '',
    protocol: 1,
    epoch: 0,
    redo: 0,
    line: '',
    seq: 1,
    hopId: 'h',
    hops: 0,
    ...change,
  };
}

export function begin(plan: Plan, change: Partial<WorkflowMessage> = {}): Transition {
  return resume(restore(messageOf(plan, change), plan, 'here', NOW));
}

/** The run through its message, as a hop to the same service would take it. */
export function hopped({ run }: Transition): Transition {
  const message: WorkflowMessage = { ...run.message, position: undefined, ...checkpoint(run) };
  return resume(restore(JSON.parse(JSON.stringify(message)) as WorkflowMessage, run.plan, run.here, run.now));
}

/** Answers every task by its path until the run does anything but execute. Returns the paths in their order, too. */
export function drive(
  from: Transition,
  answer: (path: string, run: Run) => Outcome,
): { paths: string[]; end: Transition } {
  const paths: string[] = [];
  let transition = from;
  while (transition.kind === 'execute') {
    paths.push(transition.path);
    transition = advance(transition.run, answer(transition.path, transition.run));
  }
  return { paths, end: transition };
}

export const cookbookOf = (...steps: Step[]): Cookbook => ({ version: '2.1.0', steps });
