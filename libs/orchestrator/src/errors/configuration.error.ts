import { OrchestratorError } from './orchestrator.error.js';

/** Thrown at boot: the module's options, its operations or their owners cannot work as they are. */
export class ConfigurationError extends OrchestratorError {
  readonly code = 'CONFIGURATION_INVALID';
}
