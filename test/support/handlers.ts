import { setImmediate } from 'node:timers/promises';
import type { OperationContext } from '../../libs/orchestrator/src/operations/operation.js';

type Handle = (input: never, context: OperationContext) => unknown;

/** A handler, or a helper, that throws this. */
export const fail = (error: unknown) => (): never => {
  throw error;
};

/** A value that nests so deep. */
export const nested = (depth: number): unknown => JSON.parse('{"a":'.repeat(depth) + '1' + '}'.repeat(depth));

/** A handler that notes the attempt of each of its calls. */
export const counted = (handle: Handle): { readonly calls: number[]; readonly handle: Handle } => {
  const calls: number[] = [];
  return {
    calls,
    handle: (input: never, context: OperationContext) => (calls.push(context.attempt), handle(input, context)),
  };
};

/** How often others have their turn while this is done. */
export async function turnsDuring(work: () => Promise<void>): Promise<number> {
  let turns = 0;
  const done = new AbortController();
  const counter = (async () => {
    for (; !done.signal.aborted; turns += 1) await setImmediate();
  })();
  await work();
  done.abort();
  await counter;
  return turns;
}
