import type { ForeachStep } from '../../cookbook/cookbook.js';
import type { Path } from '../../references/syntax.js';
import { isRecord } from '../../utils/is-record.js';
import { changed } from '../../utils/changed.js';
import type { Ended, Frame } from '../frame.js';
import { nodeOf, type Plan } from '../plan.js';
import { groupOf } from '../position.js';
import type { Run } from '../run.js';
import { found, type Key, type Place, placeOfPath } from './place.js';
import { wholePath } from './sensitivity.js';
import { below, type CoverOptions, type Veil } from './veil.js';

type Keys = readonly Key[];

/** Something in a run that holds values: its input, an output, a frame. */
export interface Holder {
  readonly value: unknown;
  /** Where in it a place is. */
  readonly at: (place: Place) => readonly Keys[];
  /** The value without what the veil hides. */
  readonly covered: (veil: Veil, value: unknown, holes: readonly Keys[]) => unknown;
  readonly put: (value: unknown) => void;
}

/** A place as its step has it, then as each group around has it in its own output. */
export type Levels = readonly { readonly step: string; readonly keys: Keys }[];

/** Everything in which a run holds values. What is put there must not be shared with another run. */
export function* holdersOf(run: Run): Generator<Holder> {
  const { plan, outputs } = run;
  const levels = new Map<Place, Levels>();
  const within = (place: Place, step: string): readonly Keys[] => {
    if (place.root !== 'steps') return [];
    const known = levels.get(place) ?? levelsOf(plan, place);
    levels.set(place, known);
    return known.filter((level) => level.step === step).map(({ keys }) => keys);
  };
  yield {
    value: run.message.cookbook['api_input'],
    at: ({ root, keys }) => (root === 'api_input' ? [keys] : []),
    covered: (veil, value, holes) => veil.value(value, { holes }),
    put: (value) => {
      run.message = changed(run.message, { cookbook: changed(run.message.cookbook, { api_input: value }) });
    },
  };
  yield {
    value: run.message.deliveryResult,
    at: ({ root, keys: [first, ...keys] }) => (root === 'delivery' && first === '_result' ? [keys] : []),
    covered: (veil, value, holes) => veil.value(value, { holes: [...holes, ['status']] }),
    put: (value) => {
      if (isRecord(value)) run.message = changed(run.message, { deliveryResult: value });
    },
  };
  for (const [step, value] of outputs) {
    yield {
      value,
      at: (place) => within(place, step),
      covered: (veil, output, holes) => veil.value(output, { holes, keeps: namesOf(plan) }),
      put: (output) => outputs.set(step, output),
    };
  }
  yield* frameHolders(run.frames, plan, within);
}

function* frameHolders(
  frames: Frame[],
  plan: Plan,
  within: (place: Place, step: string) => readonly Keys[],
): Generator<Holder> {
  for (const [index, frame] of [...frames.entries()]) {
    const { step, type } = groupOf(plan, frame);
    yield {
      value: frame,
      at: (place) => within(place, frame.step).flatMap((keys) => type.places?.(step, frame, keys) ?? []),
      covered: (veil, value, holes) => coveredFrame(value as Frame, veil, holes, namesOf(plan)),
      put: (value) => {
        frames[index] = value as Frame;
      },
    };
    for (const sisters of [frame.part?.ahead, frame.part?.done]) {
      if (sisters !== undefined) yield* frameHolders(sisters as Frame[], plan, within);
    }
  }
}

/** The values at these places. */
export function valuesAt(run: Run, places: readonly Place[]): unknown[] {
  if (places.length === 0) return [];
  const values: unknown[] = [];
  for (const { value, at } of holdersOf(run)) {
    for (const keys of places.flatMap(at)) values.push(...found(value, keys).map((each) => each.value));
  }
  return values;
}

/** The places a reference of a step leads to. @param indexOf the item at hand of a `foreach` around the step; `null`: each */
export function placesOf(plan: Plan, path: Path, stepId: string, indexOf: (loop: string) => Key): readonly Place[] {
  if (path.step !== undefined || path.root !== 'current') return [placeOfPath(path) ?? []].flat();
  const loop = loopAround(plan, stepId);
  if (loop === undefined) return [];
  const { step_id: id, iterator } = loop;
  const index = indexOf(id);
  const source = wholePath(iterator);
  const sources = source === undefined ? [] : placesOf(plan, source, id, indexOf);
  return [
    ...sources.map((place) => ({ ...place, keys: [...place.keys, index, ...path.keys] })),
    { root: 'steps', step: id, keys: ['iterations', index, 'item', ...path.keys] },
  ];
}

/** A place as the outputs of top-level steps have it, or as the one root that it is below. */
export function topLevel(plan: Plan, place: Place): Levels {
  if (place.root !== 'steps') return [{ step: `/${place.root}`, keys: place.keys }];
  return levelsOf(plan, place).filter(({ step }) => plan.nodes.get(step)?.parent === undefined);
}

export function loopAround(plan: Plan, stepId: string): ForeachStep | undefined {
  for (let id = plan.nodes.get(stepId)?.parent; id !== undefined; id = plan.nodes.get(id)?.parent) {
    const { step } = nodeOf(plan, id);
    if (step.type === 'foreach') return step;
  }
  return undefined;
}

function levelsOf(plan: Plan, { step: id, keys }: { readonly step: string; readonly keys: Keys }): Levels {
  const node = plan.nodes.get(id);
  if (node === undefined) return [];
  const here = { step: id, keys };
  if (node.parent === undefined) return [here];
  const { step, type } = nodeOf(plan, node.parent);
  const places = type?.outputs?.(step as never, node.step) ?? [];
  return [here, ...places.flatMap((at) => levelsOf(plan, { step: step.step_id, keys: [...at, ...keys] }))];
}

/** Keys that the engine itself gives: longer ones of its outputs, and ids of steps. */
const OWN_KEYS: ReadonlySet<string> = new Set(['iterations', 'branches', 'expression', 'selectedCase', 'waited_until']);
const namesOf =
  ({ nodes }: Plan) =>
  (key: string): boolean =>
    nodes.has(key) || OWN_KEYS.has(key);

/** What frames keep of the run's values, whatever their type; the rest of a frame says where the run stands. */
function coveredFrame(frame: Frame, veil: Veil, holes: readonly Keys[], keeps: CoverOptions['keeps']): Frame {
  const at = (...keys: string[]): CoverOptions => ({ ...(keeps && { keeps }), holes: keys.reduce(below, holes) });
  const ended = (value: unknown, ...keys: string[]): unknown => {
    const { failed } = Object(value) as Partial<Ended>;
    return failed === undefined ? veil.value(value, at(...keys)) : { failed: veil.failure(failed) };
  };
  const { failed, all, ended: end } = frame as Frame & Readonly<Record<string, unknown>>;
  const changes: Record<string, unknown> = {};
  for (const key of ['items', 'done', 'results', 'value']) {
    const value = (frame as unknown as Readonly<Record<string, unknown>>)[key];
    if (value !== undefined) changes[key] = veil.value(value, at(key));
  }
  if (end !== undefined) changes['ended'] = ended(end, 'ended');
  if (isRecord(failed)) changes['failed'] = { ...failed, failure: veil.failure(failed['failure'] as never) };
  if (Array.isArray(all)) {
    changes['all'] = (all as (readonly [string, unknown])[]).map(([name, value], index) => [
      name,
      ended(value, 'all', String(index), '1'),
    ]);
  }
  return { ...frame, ...changes };
}
