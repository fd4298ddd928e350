import type { Step, TaskStep } from '../../cookbook/cookbook.js';
import { isRecord } from '../../utils/is-record.js';
import type { Failure } from '../../errors/failure.js';
import type { RetryRecord } from '../execution.js';
import { nodeOf } from '../plan.js';
import type { KnownSecrets, Run } from '../run.js';
import type { Transition } from '../transition.js';
import { coveredCookbook } from './definition.js';
import { holdersOf, loopAround, placesOf, topLevel, valuesAt } from './holders.js';
import { isHeldBack, stillToRun } from './needs.js';
import { edited, found, overlap, type Place, placeOfPointer, pointerOf, REDACTED } from './place.js';
import { literalsOf } from './sensitivity.js';
import { Veil } from './veil.js';

/** What must not be seen of a task's outcome: the secrets its run knows, and those that it is given. */
export function veilOf(run: Run, step: TaskStep): Veil {
  if (run.secrets.length === 0 && run.plan.secretive().length === 0) return Veil.NONE;
  return knownVeil(run).and(valuesAt(run, placesAt(run, step)));
}

/** The values of the sensitive fields of a resolved input. */
export function secretsIn({ plan }: Run, step: TaskStep, input: unknown): readonly unknown[] {
  if (plan.secretive().length === 0) return [];
  const { fields } = nodeOf(plan, step.step_id).sensitivity();
  return isRecord(input) ? fields.flatMap((field) => (Object.hasOwn(input, field) ? [input[field]] : [])) : [];
}

/** The failure of a step's own templates, without what the run knows as secret. */
export function veiled(run: Run, failure: Failure): Failure {
  if (run.secrets.length === 0) return failure;
  return knownVeil(run).failure(failure);
}

/** The task at the pointer was executed: what its sensitive fields refer to is secret from now on. */
export function learn(run: Run, step: Step): void {
  if (run.plan.secretive().length === 0 || step.type !== 'task') return;
  const { secrets, known } = run;
  const places = placesAt(run, step).filter((place) => !secrets.includes(pointerOf(place)));
  if (places.length === 0) return;
  run.secrets = union(secrets, places.map(pointerOf)); // prettier-ignore
  if (known?.secrets === secrets) run.known = lookedUp(run, places, known);
}

/**
 * Removes the secrets that no step which may still run refers to, from their places and wherever they recur as text. Within a
 * loop or a fork nothing is removed: the next item may need it, and what a sister part has of it is found by its value.
 * @param at the top-level step that notes what was removed
 */
export function redact(run: Run, at: string | undefined): void {
  if (run.secrets.length === 0 || isHeldBack(run)) return;
  const { plan } = run;
  const steps = stillToRun(run);
  const needed = steps.flatMap((step) => nodeOf(plan, step.step_id).references().flatMap((path) => placesOf(plan, path, step.step_id, () => null))); // prettier-ignore
  const levels = needed.flatMap((place) => topLevel(plan, place));
  const isNeeded = (place: Place): boolean =>
    topLevel(plan, place).some((one) => levels.some((other) => one.step === other.step && overlap(one.keys, other.keys))); // prettier-ignore
  const kept = run.secrets.filter((pointer) => placesOfAll([pointer]).some(isNeeded));
  if (kept.length === run.secrets.length) return;
  const staying = new Set(kept);
  const due = run.secrets.filter((pointer) => !staying.has(pointer));
  const places = placesOfAll(due);
  const veil = Veil.over(valuesAt(run, places));
  run.secrets = union(kept, copiesIn(run, steps, veil));
  note(run, at, due.filter((pointer) => isHeld(run, pointer))); // prettier-ignore
  remove(run, places, veil, placesOfAll(run.secrets));
}

/** Over everything the run knows as secret. */
function knownVeil(run: Run): Veil {
  if (run.secrets.length === 0) return Veil.NONE;
  if (run.known?.secrets !== run.secrets) run.known = lookedUp(run, placesOfAll(run.secrets));
  return run.known.veil.and(valuesAt(run, run.known.changing));
}

function lookedUp(run: Run, places: readonly Place[], before?: KnownSecrets): KnownSecrets {
  const { veil = Veil.NONE, changing = [] } = before ?? {};
  const inLoop = ({ root, step }: Place): boolean => root === 'steps' && loopAround(run.plan, step) !== undefined;
  return {
    secrets: run.secrets,
    veil: veil.and(
      valuesAt(
        run,
        places.filter((place) => !inLoop(place)),
      ),
    ),
    changing: [...changing, ...places.filter(inLoop)],
  };
}

type End = Transition & { readonly kind: 'complete' | 'fail' };

/**
 * The end of a run, without any secret of its cookbook, whether its step was executed or not: of those that its message names,
 * and of operations that are known here. The run itself stays as it is.
 */
export function sealed<E extends End>(end: E): E {
  const { plan } = end.run;
  const tasks = plan.secretive();
  if (end.run.secrets.length === 0 && tasks.length === 0) return end;
  const run = copyOf(end.run);
  const ofPlan = tasks.flatMap(({ step, sensitivity }) =>
    sensitivity().paths.flatMap((path) => placesOf(plan, path, step.step_id, () => null)),
  );
  const places = [...placesOfAll(run.secrets), ...ofPlan];
  const literals = tasks.flatMap(({ step, sensitivity }) => step.type === 'task' ? literalsOf(step, sensitivity().fields) : []); // prettier-ignore
  const veil = Veil.over([...valuesAt(run, places), ...literals]);
  const removed = places.flatMap((place) => heldAt(run, place));
  remove(run, places, veil, []);
  const { cookbook, pointers } = coveredCookbook(run.message.cookbook, veil);
  run.message = { ...run.message, cookbook, ...(run.message.rest && { rest: veil.value(run.message.rest) as never }) };
  run.secrets = [];
  note(run, run.current ?? plan.order.at(-1), [...removed, ...pointers]);
  if (end.kind === 'fail') return { ...end, run, failure: veil.failure(end.failure) };
  return { ...end, run, output: run.outputs.get(plan.order.at(-1) ?? '') };
}

/** Both, each pointer once, in their order. */
export function union(one: readonly string[], other: readonly string[]): readonly string[] {
  return other.length === 0 ? one : [...new Set([...one, ...other])];
}

export const placesOfAll = (pointers: readonly string[]): readonly Place[] =>
  pointers.flatMap((pointer) => placeOfPointer(pointer) ?? []);

/** Whether anything stands there that is not removed yet. */
export const isHeld = (run: Run, pointer: string): boolean =>
  valuesAt(run, placesOfAll([pointer])).some((value) => value !== REDACTED);

/** What a task's sensitive fields refer to, with the items at hand. */
function placesAt(run: Run, step: TaskStep): readonly Place[] {
  const { plan, frames } = run;
  const indexOf = (loop: string): string | null => {
    const frame = frames.findLast((each) => each.step === loop);
    const { item } = (frame && nodeOf(plan, loop).type?.sees?.(frame)) ?? {};
    return item === undefined ? null : String(item.index);
  };
  const { paths } = nodeOf(plan, step.step_id).sensitivity();
  return paths.flatMap((path) => placesOf(plan, path, step.step_id, indexOf));
}

/**
 * The texts that repeat what is removed and that a later step may be given as its secret: they are secrets of their own, and
 * stay until that step has run. Of an operation nobody here knows, and of control flow, any reference may be such.
 */
function copiesIn(run: Run, steps: readonly Step[], veil: Veil): readonly string[] {
  if (veil.isEmpty) return [];
  const { plan } = run;
  const places = steps.flatMap((step) => {
    const { references, sensitivity } = nodeOf(plan, step.step_id);
    const { known, paths } = sensitivity();
    const own = known && step.type === 'task' ? paths : references();
    return own.flatMap((path) => placesOf(plan, path, step.step_id, () => null));
  });
  return places.flatMap((place) => {
    return found(rootOf(run, place), place.keys).flatMap((each) =>
      textsIn(each.value, each.keys)
        .filter(({ text }) => veil.hides(text))
        .map(({ keys: at }) => pointerOf({ ...place, keys: at })),
    );
  });
}

/** What a place is below, as a step at the pointer sees it. */
function rootOf(run: Run, { root, step }: Place): unknown {
  if (root === 'api_input') return run.message.cookbook['api_input'];
  if (root === 'delivery') return { _result: run.message.deliveryResult };
  for (const frame of run.frames.toReversed()) {
    const { results = {} } = nodeOf(run.plan, frame.step).type?.sees?.(frame) ?? {};
    if (Object.hasOwn(results, step)) return results[step];
  }
  return run.outputs.get(step);
}

function textsIn(value: unknown, keys: readonly string[]): readonly { readonly keys: readonly string[]; readonly text: string }[] {
  if (typeof value === 'string') return [{ keys, text: value }];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => textsIn(inner, [...keys, key]));
} // prettier-ignore

/** Takes the values from their places, and what repeats them from everywhere else but where it is kept. */
function remove(run: Run, places: readonly Place[], veil: Veil, kept: readonly Place[]): void {
  for (const { value, at, covered, put } of [...holdersOf(run)]) {
    const emptied = places.flatMap(at).reduce((rest, keys) => edited(rest, keys, () => REDACTED), value);
    const after = veil.isEmpty || emptied === undefined ? emptied : covered(veil, emptied, kept.flatMap(at)); // prettier-ignore
    if (after !== value) put(after);
  }
  if (veil.isEmpty) return;
  const records = (history: readonly RetryRecord[]): RetryRecord[] => history.map((record) => veil.attempt(record));
  const { history } = run;
  run.history = records(history);
  for (const [step, execution] of run.executions) {
    const { retry_history: known } = execution;
    if (known === undefined) continue;
    run.executions.set(step, { ...execution, retry_history: known === history ? run.history : records(known) });
  }
}

/** The pointers of what stands there now; where a place is many, of each. */
function heldAt(run: Run, place: Place): readonly string[] {
  if (!place.keys.includes(null)) return isHeld(run, pointerOf(place)) ? [pointerOf(place)] : [];
  if (!valuesAt(run, [place]).some((value) => value !== REDACTED)) return [];
  const each = found(rootOf(run, place), place.keys).filter(({ value }) => value !== REDACTED);
  return each.length === 0 ? [pointerOf(place)] : each.map(({ keys }) => pointerOf({ ...place, keys }));
}

function note(run: Run, at: string | undefined, pointers: readonly string[]): void {
  if (at === undefined || pointers.length === 0) return;
  const execution = run.executions.get(at) ?? { status: 'running' as const };
  run.executions.set(at, { ...execution, redacted: union(execution.redacted ?? [], pointers) });
}

/** A run whose values may be replaced without the other's being so. */
function copyOf(run: Run): Run {
  return {
    ...run,
    outputs: new Map(run.outputs),
    executions: new Map(run.executions),
    frames: structuredClone(run.frames),
  };
}
