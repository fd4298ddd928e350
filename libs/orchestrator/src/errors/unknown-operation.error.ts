import { suggestion } from '../utils/nearest.js';
import { OrchestratorError } from './orchestrator.error.js';

/** A step names an operation that its service does not have. Not retryable: only a deployment can help. */
export class UnknownOperationError extends OrchestratorError {
  readonly code = 'OPERATION_UNKNOWN';

  /**
   * @param known the operations this service has
   * @param plain the handler of a message pattern of this name that nothing makes an operation: `OrdersController.get`
   */
  constructor(
    readonly service: string,
    readonly operation: string,
    known: readonly string[],
    plain?: string,
  ) {
    super(`Service "${service}" has no operation "${operation}". ${operationAdvice(operation, known, plain)}`);
  }
}

/** What to do about an operation that is not there. Parameters as of {@link UnknownOperationError}. */
export function operationAdvice(operation: string, known: readonly string[], plain?: string): string {
  if (plain !== undefined) {
    const name = `@Operation('${operation}')`;
    return `${plain} is a @MessagePattern only: add ${name}, @Reads or @Mutates, or list it in operations.json.`;
  }
  if (known.length === 0) return 'It has none: is the controller listed in a module?';
  return suggestion(operation, 'It has', known);
}
