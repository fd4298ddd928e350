import { OrchestratorError } from './orchestrator.error.js';

/** A message was forwarded again and again without a step being completed. */
export class HopLoopError extends OrchestratorError {
  readonly code = 'HOP_LOOP';
}
