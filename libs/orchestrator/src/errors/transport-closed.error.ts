import { OrchestratorError } from './orchestrator.error.js';

/** A transport was used after its `close`: what was to be sent was not accepted. */
export class TransportClosedError extends OrchestratorError {
  readonly code = 'TRANSPORT_CLOSED';

  constructor(
    readonly service: string,
    attempted: string,
  ) {
    super(`The transport of "${service}" is closed: cannot ${attempted}. Do this before the application shuts down.`);
  }
}
