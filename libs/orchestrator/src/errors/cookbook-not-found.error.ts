import { nearest } from '../utils/nearest.js';
import { OrchestratorError } from './orchestrator.error.js';

/** A run was to be started of a cookbook that the service does not have. */
export class CookbookNotFoundError extends OrchestratorError {
  readonly code = 'COOKBOOK_NOT_FOUND';

  /**
   * @param known the cookbooks it has
   * @param others services of this application beside it
   */
  constructor(service: string, name: string, known: readonly string[], others: readonly string[] = []) {
    const guess = nearest(name, known);
    const elsewhere = others.map((other) => `@InjectOrchestrator('${other}')`).join(', ');
    super(
      `This is the orchestrator of service "${service}", which has no cookbook "${name.slice(0, 60)}".` +
        (guess === undefined ? '' : ` Did you mean "${guess}"?`) +
        ` It has: ${known.join(', ') || 'none (see the option cookbooks)'}.` +
        (elsewhere === '' ? '' : ` Another service's orchestrator is injected by ${elsewhere}.`),
    );
  }
}
