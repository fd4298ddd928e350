import { OrchestratorError } from './orchestrator.error.js';

/** A control-flow step cannot be entered: its iterator is no array, its moment no date, its items are too many. */
export class StepError extends OrchestratorError {
  readonly code = 'STEP_INVALID';
}
