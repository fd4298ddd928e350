import { listProblems, type Problem } from '../utils/problem.js';
import { OrchestratorError } from './orchestrator.error.js';

/** What a handler returned does not match its operation's `output` schema. The message names places and kinds, never values. */
export class InvalidOutputError extends OrchestratorError {
  readonly code = 'OUTPUT_INVALID';

  /** @param of whose output it is: `operation "get-invoice" of "invoicing"` */
  constructor(
    of: string,
    readonly problems: readonly Problem[],
  ) {
    super(`The output of ${of} does not match its schema:${listProblems(problems)}`);
  }
}
