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
      `Run "${workflowId}" cannot be requeued without its secrets, which were removed: ${pointers.join(', ')}. Give what was in ` +
        '/api_input again, as "input"; what a step came to is made again "from" that step; what stood in the cookbook must be put ' +
        'back into its message.',
    );
  }
}
