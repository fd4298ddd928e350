import { OrchestratorError } from './orchestrator.error.js';

/** A handler that changes something was called where nothing would purge what it changes. It did not run. */
export class UncoveredMutationError extends OrchestratorError {
  readonly code = 'MUTATION_NOT_COVERED';

  /**
   * @param handler `InvoiceController.update`
   * @param reader the handler of the read that called it: `InvoiceController.get`
   */
  constructor(
    readonly handler: string,
    readonly reader?: string,
  ) {
    super(
      reader === undefined
        ? `${handler} changes what reads are cached of, and was called where nothing would purge them: it did not run. Where a ` +
            'server called it, connect that with { inheritAppConfig: true } as the second argument of connectMicroservice(). Where ' +
            'your code called it, do so within stepCache.mutation(…). Where a read called it, declare that read as a mutation.'
        : `${handler} changes what reads are cached of, and was called by ${reader}, which is declared as a read: it did not run. ` +
            `Declare ${reader} as a mutation (@Mutates), or let it change nothing.`,
    );
  }
}
