import { nearest } from '../utils/nearest.js';
import { OrchestratorError } from './orchestrator.error.js';

/** A step names an operation that its service does not have. Not retryable: only a deployment can help. */
export class UnknownOperationError extends OrchestratorError {
  readonly code = 'OPERATION_UNKNOWN';

  /** @param known the operations this service has */
  constructor(
    readonly service: string,
    readonly operation: string,
    known: readonly string[],
  ) {
    const meant = nearest(operation, known);
    super(
      `Service "${service}" has no operation "${operation}".` +
        (meant === undefined ? '' : ` Did you mean "${meant}"?`) +
        (known.length === 0 ? ' It has none: is the controller listed in a module?' : ` It has: ${known.join(', ')}.`),
    );
  }
}
