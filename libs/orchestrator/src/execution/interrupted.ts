/**
 * Why a hop must stop although its run could go on. Thrown through the hop, never to users: it is about the plumbing, so it
 * is no outcome of a step and consumes no attempt.
 */
export class Interrupted extends Error {
  /**
   * @param kind `fenced`: another delivery holds the line. `cancelled`: the run is to be cancelled. `unavailable`: the state
   * store could not be reached. `unpurged`: what the run has changed may still be cached. `closing`: the application is shutting down
   */
  constructor(
    readonly kind: 'fenced' | 'cancelled' | 'unavailable' | 'unpurged' | 'closing',
    options?: ErrorOptions,
  ) {
    super(`interrupted: ${kind}`, options);
    this.name = 'Interrupted';
  }
}
