import { OrchestratorError } from './orchestrator.error.js';

/** A message was given up: every delivery of it ended without an acknowledgement. */
export class PoisonMessageError extends OrchestratorError {
  readonly code = 'POISON_MESSAGE';
}
