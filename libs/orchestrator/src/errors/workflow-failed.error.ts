import type { Failure } from './failure.js';
import { OrchestratorError } from './orchestrator.error.js';

/** The run whose result was asked for has failed; `failure` says which step, and why. */
export class WorkflowFailedError extends OrchestratorError {
  readonly code = 'WORKFLOW_FAILED';

  constructor(
    readonly workflowId: string,
    readonly failure: Failure,
  ) {
    super(`Run "${workflowId}" failed at ${failure.path ?? '?'}: ${failure.message}`);
  }
}
