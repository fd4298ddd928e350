import { OrchestratorError } from './orchestrator.error.js';

/** The broker could not be reached, or did not confirm: whether it has what was sent is not known. */
export class BrokerUnavailableError extends OrchestratorError {
  readonly code = 'BROKER_UNAVAILABLE';
}
