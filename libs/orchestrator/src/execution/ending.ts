import type { Run } from '../engine/run.js';
import type { Failure } from '../errors/failure.js';
import { HopLoopError } from '../errors/hop-loop.error.js';
import { LimitExceededError } from '../errors/limit-exceeded.error.js';
import type { OrchestratorError } from '../errors/orchestrator.error.js';
import { RunCancelledError } from '../errors/run-cancelled.error.js';
import { RunExpiredError } from '../errors/run-expired.error.js';

/**
 * Why a run may not go on, although no step of it failed; `undefined`: it may. Only a hop that was granted its place asks.
 * @param now milliseconds since the epoch
 */
export function reasonToEnd({ message, plan, ended }: Run, now: number): { readonly failure: Failure } | undefined {
  const { environment } = plan;
  const { workflowId, expiresAt, hops } = message;
  const because = (error: OrchestratorError): { readonly failure: Failure } => ({
    failure: environment.classify(error, 'engine'),
  });
  if (expiresAt !== undefined && expiresAt <= now) {
    return because(new RunExpiredError(`Run "${workflowId}" had to end before ${new Date(expiresAt).toISOString()}.`));
  }
  const { nodes } = environment.limits;
  if (ended > nodes) return because(new LimitExceededError(`The number of steps that ended in one hop of run "${workflowId}"`, 'nodes', nodes)); // prettier-ignore
  if (hops <= environment.limits.hops) return undefined;
  return because(
    new HopLoopError(
      `Run "${workflowId}": ${hops} forwards in a row without a step being executed, ${environment.limits.hops} are allowed ` +
        '(limits.hops). Two services seem to hand it to each other: compare the service names of the cookbook with those of ' +
        'the modules.',
    ),
  );
}

export function whyCancelled({ message, plan }: Run): { readonly failure: Failure } {
  const error = new RunCancelledError(`Run "${message.workflowId}" was cancelled.`);
  return { failure: plan.environment.classify(error, 'engine') };
}
