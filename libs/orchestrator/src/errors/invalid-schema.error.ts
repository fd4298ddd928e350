import { listProblems, type Problem } from '../utils/problem.js';
import { OrchestratorError } from './orchestrator.error.js';

/** Something that should be a JSON Schema (draft 2020-12) is none, or refers to a schema that is not part of it. */
export class InvalidSchemaError extends OrchestratorError {
  readonly code = 'SCHEMA_INVALID';

  constructor(readonly problems: readonly Problem[]) {
    super(`This JSON Schema cannot be used:${listProblems(problems)}`);
  }
}
