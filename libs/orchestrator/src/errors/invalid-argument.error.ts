import { OrchestratorError } from './orchestrator.error.js';

/** A method was called with something it cannot mean. Nothing has happened. */
export class InvalidArgumentError extends OrchestratorError {
  readonly code = 'ARGUMENT_INVALID';
}
