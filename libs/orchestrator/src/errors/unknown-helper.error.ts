import { nearest } from '../utils/nearest.js';
import { OrchestratorError } from './orchestrator.error.js';

/** Thrown in every run: a reference calls a helper that the application has not registered. */
export class UnknownHelperError extends OrchestratorError {
  readonly code = 'HELPER_UNKNOWN';

  /**
   * @param step id of the step whose input calls it
   * @param helper the name that is called
   * @param registered the names there are
   */
  constructor(
    readonly step: string,
    readonly helper: string,
    registered: readonly string[],
  ) {
    const close = nearest(helper, registered);
    const hint = close === undefined ? '' : ` Did you mean "${close}"?`;
    const names = registered.length === 0 ? 'none' : registered.join(', ');
    super(`Step "${step}": there is no helper "${helper}".${hint} Registered in the option helpers: ${names}.`);
  }
}
