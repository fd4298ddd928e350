import { nearest } from '../utils/nearest.js';
import { OrchestratorError } from './orchestrator.error.js';

/** No service takes the messages of a destination: it is misspelt, or its service is not there (yet). */
export class UnroutableError extends OrchestratorError {
  readonly code = 'UNROUTABLE';

  /** @param known destinations that exist, where the transport can tell */
  constructor(
    readonly destination: string,
    readonly known: readonly string[] = [],
  ) {
    const close = nearest(destination, known);
    const list = known.map((name) => `"${name}"`).join(', ');
    super(
      `No service takes messages of "${destination}".` +
        (close === undefined ? '' : ` Did you mean "${close}"?`) +
        (list === '' ? '' : ` There are: ${list}.`) +
        ' Correct the service in the cookbook, or deploy that service.',
    );
  }
}
