/** What the operator can mend. Its message says how, and is all that is shown. */
export class MistakeError extends Error {
  override readonly name = 'MistakeError';
}
