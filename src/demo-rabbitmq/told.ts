import type { RunEvent } from '../demo/stage.js';

/** What the process of a service tells the one that started it. */
export type Told =
  { readonly kind: 'ready'; readonly url: string } | { readonly kind: 'event'; readonly event: RunEvent };
