/** One way to take work through several services, one after another. */
export interface Contender {
  /** Takes a payload through all of them. Resolves when the client has heard of the end. */
  readonly run: () => Promise<unknown>;
  /** Removes from the servers what it has left there. */
  readonly close: () => Promise<void>;
}

/** What every contender carries. */
export const PAYLOAD = 'x'.repeat(1_000);
/** Hops of a raw message, steps of a run. */
export const HOPS = ['alpha', 'beta', 'gamma', 'delta', 'epsilon'];
/** Messages that a service has in hand at once: the default of `rabbitmq()`. */
export const PREFETCH = 10;

/** Calls `run` so often, so many at once. */
export async function inFlight(count: number, atOnce: number, run: () => Promise<unknown>): Promise<void> {
  let started = 0;
  const worker = async (): Promise<void> => {
    while ((started += 1) <= count) await run();
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}
