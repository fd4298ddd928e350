import { COMPLETED, FAILED } from '../../transports/destinations.js';
import type { OutgoingMessage } from '../../transports/workflow.transport.js';
import type { Execution, History } from './history.js';

/** What a run must keep to. */
export interface Promised {
  /** Runs that were requeued end once per epoch. */
  readonly epochs?: number;
  /** The store keeps records, so that nothing splits and effects repeat only where a fault lost their outcome. Default `true`. */
  readonly fenced?: boolean;
}

/**
 * What a run may not show, whatever was injected: a text per fault of the library, none for a good run. A run whose record was
 * lost must only have ended.
 */
export function violationsOf(history: History, { epochs = 1, fenced = true }: Promised = {}): string[] {
  const ends = endsOf(history);
  const found = [...history.violations];
  if (ends.length === 0) found.push('the run has not ended');
  if (history.recordLost || !fenced) return found;
  found.push(...history.unfenced);
  const contents = new Map<string, Set<string>>();
  for (const { messageId, body } of ends) contents.set(messageId, (contents.get(messageId) ?? new Set()).add(body));
  if (contents.size !== epochs && ends.length > 0) {
    found.push(`${contents.size} ends instead of ${epochs}: ${[...contents.keys()].join(', ')}`);
  }
  for (const [messageId, bodies] of contents) {
    if (bodies.size > 1) found.push(`${bodies.size} contents of ${messageId}`);
  }
  if (history.cancelled && ends.some(({ messageId }) => !messageId.endsWith(':cancelled'))) {
    found.push('the run was cancelled, and has not ended as cancelled');
  }
  for (const [key, outcomes] of history.recorded) {
    if (outcomes.size > 1)
      found.push(`the run has split: ${outcomes.size} outcomes of ${key}: ${[...outcomes].join(', ')}`);
  }
  return [...found, ...repeatsOf(history)];
}

/** What was published of the ends of a run. */
export function endsOf({ terminals }: Pick<History, 'terminals'>): readonly OutgoingMessage[] {
  return terminals.filter(({ destination }) => destination === COMPLETED || destination === FAILED);
}

/** Effects that were repeated more often than injected faults can have lost their outcome. */
export function repeatsOf({ executions }: Pick<History, 'executions'>): string[] {
  return [...grouped(executions)].flatMap(([key, all]) => {
    const excused = all.filter(
      ({ excuse, recorded, delivery }) => !recorded && (excuse !== undefined || delivery.stalled),
    ).length;
    const repeats = all.length - 1;
    return repeats <= excused
      ? []
      : [`the effect ${key} was executed ${all.length} times, ${excused} of them lost to a fault`];
  });
}

/** How many effects were executed more than once: what a crash without records shows. */
export function repeatedEffects({ executions }: Pick<History, 'executions'>): number {
  return [...grouped(executions).values()].reduce((sum, all) => sum + all.length - 1, 0);
}

function grouped(executions: readonly Execution[]): Map<string, Execution[]> {
  const byKey = new Map<string, Execution[]>();
  for (const execution of executions) {
    if (!execution.mutates) continue;
    const key = `${execution.epoch} ${execution.idempotencyKey}#${execution.attempt}`;
    byKey.set(key, [...(byKey.get(key) ?? []), execution]);
  }
  return byKey;
}
