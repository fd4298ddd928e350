import { OrchestratorError } from './orchestrator.error.js';

/** Something is more than one of the module's `limits` allows. */
export class LimitExceededError extends OrchestratorError {
  readonly code = 'LIMIT_EXCEEDED';

  /** @param subject what was counted, as the beginning of a sentence: `The nesting of the workflow message` */
  constructor(
    subject: string,
    readonly limit: string,
    readonly allowed: number,
  ) {
    super(`${subject} exceeds limits.${limit} (${allowed}). Make it smaller, or raise the limit in every service.`);
  }
}
