import { OrchestratorError } from './orchestrator.error.js';

/** Thrown in a strict run: a reference leads to nothing. The message says how far it led and what is nearly named so. */
export class UnresolvedReferenceError extends OrchestratorError {
  readonly code = 'REFERENCE_UNRESOLVED';

  /**
   * @param step id of the step whose input it stands in
   * @param reference as written
   * @param reason how far it led
   * @param nearest an existing name that the one not found may be a misspelling of
   * @param advice what to do, as a sentence, where no name is near
   */
  constructor(
    readonly step: string,
    readonly reference: string,
    reason: string,
    readonly nearest?: string,
    advice = '',
  ) {
    const hint = nearest === undefined ? advice : `Did you mean "${nearest}"?`;
    super(`Step "${step}": ${reference} resolves to nothing: ${reason}. ${hint}`.trimEnd());
  }
}
