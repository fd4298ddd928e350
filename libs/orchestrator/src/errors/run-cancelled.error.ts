import { OrchestratorError } from './orchestrator.error.js';

/** A run was cancelled before it had come to its end. */
export class RunCancelledError extends OrchestratorError {
  readonly code = 'RUN_CANCELLED';
}
