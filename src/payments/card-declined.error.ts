/** The bank said no, and will say so again. */
export class CardDeclinedError extends Error {
  override readonly name = 'CardDeclinedError';
}
