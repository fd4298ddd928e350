/**
 * The base of every error this library throws. `code` is stable: match on it, never on the message, which says where it
 * happened, what was found, and how to mend it. All codes are listed in `docs/errors.md`.
 */
export abstract class OrchestratorError extends Error {
  /** Stable, `UPPER_SNAKE_CASE`, one per class. */
  abstract readonly code: string;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}
