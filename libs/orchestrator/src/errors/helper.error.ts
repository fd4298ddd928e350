import { messageOf } from '../utils/describe-error.js';
import { OrchestratorError } from './orchestrator.error.js';

/** A helper failed. `cause` is what it threw, as it threw it: whether the step is tried again is decided by that. */
export class HelperError extends OrchestratorError {
  readonly code = 'HELPER_FAILED';

  /**
   * @param step id of the step whose input calls it
   * @param helper its name
   */
  constructor(
    readonly step: string,
    readonly helper: string,
    cause: unknown,
  ) {
    super(`Step "${step}": the helper "${helper}" failed: ${messageOf(cause)}`, { cause });
  }
}
