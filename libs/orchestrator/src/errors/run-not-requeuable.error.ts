import { OrchestratorError } from './orchestrator.error.js';

/** Only a run that failed or was cancelled can be requeued. */
export class RunNotRequeuableError extends OrchestratorError {
  readonly code = 'RUN_NOT_REQUEUABLE';
}
