import { OrchestratorError } from './orchestrator.error.js';

/** The broker can be reached, and refuses what the service needs of it: its credentials, or a queue that is there otherwise. */
export class BrokerRefusedError extends OrchestratorError {
  readonly code = 'BROKER_REFUSED';
}
