import { OrchestratorError } from './orchestrator.error.js';

/** A handler did not answer before its step's deadline. Retryable; the handler was told by its abort signal. */
export class OperationTimeoutError extends OrchestratorError {
  readonly code = 'OPERATION_TIMEOUT';
}
