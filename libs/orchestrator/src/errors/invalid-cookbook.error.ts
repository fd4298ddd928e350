import { listProblems, type Problem } from '../utils/problem.js';
import { OrchestratorError } from './orchestrator.error.js';

/** A cookbook cannot be run. Tells every problem of the document, up to fifty, each with its place and the fix. */
export class InvalidCookbookError extends OrchestratorError {
  readonly code = 'COOKBOOK_INVALID';

  /** @param name the cookbook's own, where it has one */
  constructor(
    name: string | undefined,
    readonly problems: readonly Problem[],
  ) {
    super(`Cookbook${name === undefined ? '' : ` "${name}"`} is invalid:${listProblems(problems)}`);
  }
}
