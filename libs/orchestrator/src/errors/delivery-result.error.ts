import { OrchestratorError } from './orchestrator.error.js';

/** What a message says of its delivery, or leaves unsaid, does not fit where its run stands. */
export class DeliveryResultError extends OrchestratorError {
  readonly code = 'DELIVERY_RESULT_INVALID';
}
