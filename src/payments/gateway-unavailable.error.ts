/** The gateway did not answer; the same charge may well succeed in a moment. */
export class GatewayUnavailableError extends Error {
  override readonly name = 'GatewayUnavailableError';
}
