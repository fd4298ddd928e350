import { OrchestratorError } from './orchestrator.error.js';

/** A run was to be started of a cookbook that the service does not have. */
export class CookbookNotFoundError extends OrchestratorError {
  readonly code = 'COOKBOOK_NOT_FOUND';
}
