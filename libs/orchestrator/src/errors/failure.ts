/** What kind of error it was: decides whether an attempt is worth repeating. */
export type FailureType = 'VALIDATION' | 'BUSINESS' | 'TRANSIENT' | 'TIMEOUT' | 'RATE_LIMIT' | 'UNROUTABLE';

/** Who raised it: the app's handler or template helper, the interpretation of the cookbook, or the plumbing around it. */
export type FailureSource = 'handler' | 'helper' | 'engine' | 'infrastructure';

/** Why a step failed. A value that travels in frames, journals and terminals: its keys are single words, the same in JSON. */
export interface Failure {
  readonly type: FailureType;
  readonly message: string;
  readonly code: string | null;
  /** HTTP status, where the error had one. */
  readonly status: number | null;
  readonly details: unknown;
  readonly source: FailureSource;
  readonly retryable: boolean;
  /** Milliseconds the failing side asked to be left alone (`Retry-After`). */
  readonly after?: number;
  /** Where it happened; set by the engine. `ref` is the text under which the stack is in the log. */
  readonly step?: string;
  readonly path?: string;
  readonly ref?: string;
  /** Attempts of the step, this one included; set by the engine. */
  readonly attempts?: number;
}

/** Whether a value that came in a message is a failure. */
export function isFailure(value: unknown): value is Failure {
  if (typeof value !== 'object' || value === null) return false;
  const { type, message, source, retryable } = value as Partial<Record<keyof Failure, unknown>>;
  return [type, message, source].every((each) => typeof each === 'string') && typeof retryable === 'boolean';
}
