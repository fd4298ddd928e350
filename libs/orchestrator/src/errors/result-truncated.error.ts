import { OrchestratorError } from './orchestrator.error.js';

/** The run has completed, but its outputs were too large to be kept with its record. They are in its terminal message. */
export class ResultTruncatedError extends OrchestratorError {
  readonly code = 'RESULT_TRUNCATED';
}
