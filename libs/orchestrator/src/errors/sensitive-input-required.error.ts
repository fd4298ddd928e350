import { OrchestratorError } from './orchestrator.error.js';

/** A failed run's secrets are gone: it is requeued only with them. */
export class SensitiveInputRequiredError extends OrchestratorError {
  readonly code = 'SENSITIVE_INPUT_REQUIRED';

  /** @param pointers what is missing, as JSON pointers: `/api_input/card_number` */
  constructor(
    workflowId: string,
    readonly pointers: readonly string[],
  ) {
    super(
      `Run "${workflowId}" cannot be requeued without its secrets, which were removed: ${pointers.join(', ')}. Give them in ` +
        '"input": requeue(…, { input }).',
    );
  }
}
