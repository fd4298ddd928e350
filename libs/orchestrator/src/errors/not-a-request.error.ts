import { OrchestratorError } from './orchestrator.error.js';

/**
 * A guard, an interceptor, a parameter decorator or a filter took a step's input for a request: `input.user` must never
 * pass for an authenticated user. Refused as HTTP would, with 403.
 */
export class NotARequestError extends OrchestratorError {
  readonly code = 'NOT_A_REQUEST';
  readonly status = 403;

  /**
   * @param handler `InvoiceController.get`
   * @param wanted what was asked for: `HTTP request`
   */
  constructor(handler: string, operation: string, wanted: string) {
    super(
      `${handler} runs as operation "${operation}" of a workflow: there is no ${wanted}. Guards, interceptors, filters and ` +
        `decorators must ask context.getType() first; for 'orchestrator', switchToRpc().getData() is the input and ` +
        'switchToRpc().getContext() the OperationContext, whose caller says for whom it runs.',
    );
  }
}
