import { OrchestratorError } from './orchestrator.error.js';

/** A handler that changes something was called where nothing would purge what it changes. It did not run. */
export class UncoveredMutationError extends OrchestratorError {
  readonly code = 'MUTATION_NOT_COVERED';

  /** @param handler `InvoiceController.update` */
  constructor(readonly handler: string) {
    super(
      `${handler} changes what reads are cached of, and was called where nothing would purge them: it did not run. A server ` +
        'that the application connects needs { inheritAppConfig: true } as the second argument of connectMicroservice(). Code ' +
        'that calls the handler itself does so within stepCache.mutation(…), or shares a provider with it; a read that calls it is a ' +
        'mutation, and is declared as one.',
    );
  }
}
