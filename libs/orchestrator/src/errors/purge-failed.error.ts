import { OrchestratorError } from './orchestrator.error.js';

/** Something was changed, and what was cached of it could not be purged: so nobody is told of the change yet. */
export class PurgeFailedError extends OrchestratorError {
  readonly code = 'PURGE_FAILED';
  /** As an HTTP status. */
  readonly status = 503;

  /**
   * @param what `OrdersController.cancel`
   * @param options its `cause` is how the call itself failed, if it did
   */
  constructor(what: string, options?: ErrorOptions) {
    super(
      `${what} may have changed something, and what is cached of it could not be purged: the token store did not answer. It is ` +
        'tried again every second. Reads may be old until then; the log says which. (cache.whenPurgeFails: "proceed" would have ' +
        'answered all the same.)',
      options,
    );
  }
}
