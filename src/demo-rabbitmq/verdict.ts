import type { Attempt } from '../demo/attempts.js';
import type { Ending } from '../demo/timeline.js';

/** A run that has ended. */
export interface Ended {
  readonly workflowId: string;
  readonly cookbook: string;
  readonly ending: Ending;
}

/** Cookbooks whose runs charge a card, each once. */
const CHARGING: ReadonlySet<string> = new Set(['order-to-cash', 'payment-retry']);

/** How many of these runs are to charge a card. */
export const chargingOf = (runs: readonly Ended[]): number =>
  runs.filter(({ cookbook }) => CHARGING.has(cookbook)).length;

/** Whatever ended otherwise than completed. */
export const failures = (runs: readonly Ended[]): string[] =>
  runs.flatMap(({ cookbook, workflowId, ending }) =>
    ending.kind === 'failed' ? [`${cookbook} ${workflowId} failed: ${ending.failure.message}`] : [],
  );

/**
 * Whatever the gateway's books show that is not one charge for each run that charges.
 * @param keys of every charge that was made, as often as it was
 */
export function wrongCharges(runs: readonly Ended[], keys: readonly string[]): string[] {
  const twice = [...new Set(keys.filter((key, at) => keys.indexOf(key) !== at))];
  const ofRuns = runs.flatMap(({ cookbook, workflowId }) => {
    const charges = new Set(keys.filter((key) => key.includes(workflowId))).size;
    const wanted = CHARGING.has(cookbook) ? 1 : 0;
    return charges === wanted ? [] : [`${cookbook} ${workflowId} has ${charges} charges instead of ${wanted}`];
  });
  return [...twice.map((key) => `charged twice under one key: ${key}`), ...ofRuns];
}

/** What is wrong with the reads of `delivery-promise`: kept, and read anew once another process has changed what they read. */
export function staleReads(attempts: readonly Attempt[], { promised = NaN, afterwards = NaN }: Promises): string[] {
  const reads = attempts.filter(({ operation }) => operation === 'promise-delivery').map(({ cache }) => cache);
  return [
    ...(reads.join() === 'miss,hit,miss' ? [] : [`the promises were ${reads.join(', ')} instead of miss, hit, miss`]),
    ...(afterwards < promised
      ? []
      : [`${afterwards} days were promised after the goods had arrived, ${promised} before`]),
  ];
}

/** Days of delivery, before and after goods have arrived. */
export interface Promises {
  readonly promised: number | undefined;
  readonly afterwards: number | undefined;
}
