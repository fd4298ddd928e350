/** The gateway did not answer; the same charge may well succeed in a moment. */
export class GatewayUnavailableError extends Error {
  override readonly name = 'GatewayUnavailableError';
}

/** The bank said no, and will say so again. */
export class CardDeclinedError extends Error {
  override readonly name = 'CardDeclinedError';
}
