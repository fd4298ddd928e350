import type { Failure } from '../errors/failure.js';

/** What running one task came to. A failure is an outcome too, never a throw. */
export type Outcome =
  { readonly kind: 'completed'; readonly output: unknown } | { readonly kind: 'failed'; readonly failure: Failure };
