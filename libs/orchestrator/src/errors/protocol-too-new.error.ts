import { OrchestratorError } from './orchestrator.error.js';

/** A message uses features that this version does not know: nothing of it was interpreted. */
export class ProtocolTooNewError extends OrchestratorError {
  readonly code = 'PROTOCOL_TOO_NEW';

  constructor(
    readonly protocol: number,
    readonly known: number,
  ) {
    super(
      `Workflow message of protocol ${protocol}: this version of nest-orchestrator knows protocols up to ${known}. ` +
        'Update it in this service before the services that send to it.',
    );
  }
}
