import { listProblems, type Problem } from '../utils/problem.js';
import { OrchestratorError } from './orchestrator.error.js';

/** An input does not match its JSON Schema. The message names places and kinds, never values: they may be secrets. */
export class InvalidInputError extends OrchestratorError {
  readonly code = 'INPUT_INVALID';
  readonly status = 400;

  /** @param of whose input it is: `cookbook "order-to-cash"`, `operation "get-invoice" of "invoicing"` */
  constructor(
    of: string,
    readonly problems: readonly Problem[],
  ) {
    super(`The input of ${of} does not match its schema:${listProblems(problems)}`);
  }
}
