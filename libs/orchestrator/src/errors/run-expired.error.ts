import { OrchestratorError } from './orchestrator.error.js';

/** A run did not end before its expires_at. */
export class RunExpiredError extends OrchestratorError {
  readonly code = 'RUN_EXPIRED';
}
