import { OrchestratorError } from './orchestrator.error.js';

/** Thrown in a strict run: what stands between `{{` and `}}` is no expression. */
export class MalformedReferenceError extends OrchestratorError {
  readonly code = 'REFERENCE_MALFORMED';

  /**
   * @param step id of the step whose input it stands in
   * @param reference as written
   * @param reason what is wrong with it
   */
  constructor(
    readonly step: string,
    readonly reference: string,
    reason: string,
  ) {
    super(
      `Step "${step}": ${reference} is no reference: ${reason}. Text with braces of its own can be passed in through api_input.`,
    );
  }
}
