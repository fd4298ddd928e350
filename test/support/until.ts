import { setImmediate, setTimeout } from 'node:timers/promises';

/** How many turns of the event loop are cheap enough to look without a pause. */
const EAGER_TURNS = 50;

/**
 * Waits until `predicate` holds; tests use it instead of sleeping.
 * @param options.timeoutMs default 5,000; above it, an error that shows the condition, or `options.what` where that says more
 */
export async function until(
  predicate: () => unknown,
  { timeoutMs = 5_000, what = predicate.toString() }: { timeoutMs?: number; what?: string } = {},
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  for (let turn = 0; !(await predicate()); turn += 1) {
    if (performance.now() > deadline) throw new Error(`Still not after ${timeoutMs} ms: ${what}`);
    await (turn < EAGER_TURNS ? setImmediate() : setTimeout(5));
  }
}
