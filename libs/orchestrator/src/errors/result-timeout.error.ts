import { OrchestratorError } from './orchestrator.error.js';

/** The run has not ended within the time its result was waited for. The run goes on. */
export class ResultTimeoutError extends OrchestratorError {
  readonly code = 'RESULT_TIMEOUT';
}
