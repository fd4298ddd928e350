import type { JsonObject, WorkflowMessage } from '../../message/workflow-message.js';
import { isRecord } from '../../utils/is-record.js';
import { nodeOf } from '../plan.js';
import type { Run } from '../run.js';
import { placesOf, topLevel, valuesAt } from './holders.js';
import { stillToRun } from './needs.js';
import { overlap, placeOfPointer, REDACTED } from './place.js';
import { placesOfAll } from './redact.js';

/** Everything that was removed from a run, as its message says: JSON pointers, each once. */
export function removedFrom({ cookbook }: Pick<WorkflowMessage, 'cookbook'>): readonly string[] {
  const steps = Array.isArray(cookbook['steps']) ? (cookbook['steps'] as readonly unknown[]).filter(isRecord) : [];
  const pointers = steps.flatMap(({ _execution: execution }) => {
    const redacted = isRecord(execution) ? execution['redacted'] : undefined;
    return Array.isArray(redacted) ? redacted.filter((pointer) => typeof pointer === 'string') : [];
  });
  return [...new Set(pointers)];
}

/**
 * What a run, as it stands, has lost and a step that may still run refers to: secrets of its input, of outputs, of the items
 * of a loop, and of its definition. Empty: it can be requeued so.
 */
export function lostSecrets(run: Run): readonly string[] {
  const { message, plan, current } = run;
  const removed = removedFrom(message);
  if (removed.length === 0) return [];
  const levels = stillToRun(run)
    .flatMap(({ step_id: id }) =>
      nodeOf(plan, id)
        .references()
        .flatMap((path) => placesOf(plan, path, id, () => null)),
    )
    .flatMap((place) => topLevel(plan, place));
  return removed.filter((pointer) => {
    const place = placeOfPointer(pointer);
    if (place === undefined) return isLostLiteral(message.cookbook, pointer, plan.order.indexOf(current ?? ''));
    const isNeeded = topLevel(plan, place).some((one) =>
      levels.some((other) => one.step === other.step && overlap(one.keys, other.keys)),
    );
    if (!isNeeded) return false;
    const values = valuesAt(run, placesOfAll([pointer]));
    return values.includes(REDACTED) || (place.root === 'api_input' && values.length === 0); // an input that lacks it
  });
}

/** A text in the definition of a top-level step, or in one within it, that has not ended. */
function isLostLiteral(cookbook: JsonObject, pointer: string, from: number): boolean {
  const [, , , index] = pointer.split('/');
  return pointer.startsWith('/cookbook/steps/') && Number(index) >= from && isRecord(cookbook);
}
