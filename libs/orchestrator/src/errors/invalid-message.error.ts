import { OrchestratorError } from './orchestrator.error.js';

/** A message that is no workflow message, or stands where its cookbook has no place. It goes to `workflow.failed` as it came. */
export class InvalidMessageError extends OrchestratorError {
  readonly code = 'MESSAGE_INVALID';

  /**
   * @param field as the wire spells it: `workflow_id`, `position.frames[2]`; `body` for the message as a whole
   * @param problem follows the field in a sentence: `must be a non-empty text (got 5).`
   */
  constructor(
    readonly field: string,
    readonly problem: string,
  ) {
    super(`Workflow message: ${field} ${problem}`);
  }
}
