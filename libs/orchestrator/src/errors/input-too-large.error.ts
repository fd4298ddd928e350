import { OrchestratorError } from './orchestrator.error.js';

/** A step's input has more references, or comes to more bytes, than the module's limits allow. */
export class InputTooLargeError extends OrchestratorError {
  readonly code = 'INPUT_TOO_LARGE';

  /**
   * @param step id of the step whose input it is
   * @param limit the option of `limits` that it exceeds
   * @param allowed the value of that option
   */
  constructor(
    readonly step: string,
    readonly limit: 'references' | 'inputBytes',
    readonly allowed: number,
  ) {
    super(
      `Step "${step}": its input exceeds limits.${limit} (${allowed}). ` +
        (limit === 'references'
          ? 'Pass whole objects instead of their fields'
          : 'Pass a reference to the data instead of the data') +
        ', or raise the limit in every service.',
    );
  }
}
