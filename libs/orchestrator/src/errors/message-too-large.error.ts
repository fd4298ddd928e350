import { OrchestratorError } from './orchestrator.error.js';

/** A message has more bytes than a service may send, or will read. */
export class MessageTooLargeError extends OrchestratorError {
  readonly code = 'MESSAGE_TOO_LARGE';

  constructor(
    readonly bytes: number,
    readonly limit: 'messageBytes' | 'incomingBytes',
    readonly allowed: number,
  ) {
    super(
      `Workflow message of ${bytes} bytes: limits.${limit} allows ${allowed}. ` +
        'Let the steps return less, or a reference to where the data is; or raise the limit in every service.',
    );
  }
}
