import { suggestion } from '../utils/nearest.js';
import { OrchestratorError } from './orchestrator.error.js';

/** No service takes the messages of a destination: it is misspelt, or its service is not there (yet). */
export class UnroutableError extends OrchestratorError {
  readonly code = 'UNROUTABLE';

  /**
   * @param destination `<service>.workflow`; the message names the service, which is what a person wrote
   * @param known destinations that exist, where the transport can tell: such a one knows its own application only
   */
  constructor(
    readonly destination: string,
    readonly known: readonly string[] = [],
  ) {
    const service = serviceOf(destination);
    super(
      known.length === 0
        ? `Service "${service}" takes no messages. Correct the service in the cookbook, or deploy that service.`
        : `Service "${service}" is not in this application. ${suggestion(service, 'Services here', known.map(serviceOf))}`,
    );
  }
}

const serviceOf = (destination: string): string => destination.replace(/\.workflow$/, '');
