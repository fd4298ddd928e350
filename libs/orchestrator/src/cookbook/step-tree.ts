import type { JsonObject } from '../message/workflow-message.js';
import { isRecord } from '../utils/is-record.js';
import { pathTo } from '../utils/problem.js';

/** A step, or what stands where one should, with its path in the document. */
export interface Located {
  readonly step: unknown;
  readonly path: string;
}

/** Steps that run one after another: each sees those before it. */
export type Strand = readonly Located[];

/** Where the steps of a type hold others: one step or a list, or several of these by name. */
const SLOTS: ReadonlyMap<unknown, readonly { readonly key: string; readonly named: boolean }[]> = new Map([
  ['steps', [{ key: 'steps', named: false }]],
  ['foreach', [{ key: 'body', named: false }]],
  ['switch', [{ key: 'cases', named: true }, { key: 'default', named: false }]], // prettier-ignore
  ['fork_join', [{ key: 'branches', named: true }]],
]);

/** Every step, nested ones after the one that holds them; `around`: the number of those. */
export function* stepsOf(cookbook: JsonObject): Generator<Located & { readonly around: number }> {
  for (const step of strandOf(cookbook['steps'], 'steps')) yield* within(step, 0);
}

function* within(located: Located, around: number): Generator<Located & { readonly around: number }> {
  yield { ...located, around };
  if (!isRecord(located.step)) return;
  for (const inner of strandsOf(located.step, located.path).flat()) yield* within(inner, around + 1);
}

/** The strands that a step holds. Takes documents as they come: what stands in a wrong place is left out. */
export function strandsOf(step: JsonObject, path: string): readonly Strand[] {
  return (SLOTS.get(step['type']) ?? []).flatMap(({ key, named }) => {
    const place = pathTo(path, key);
    const value = step[key];
    if (!named) return [strandOf(value, place)];
    return isRecord(value) ? Object.entries(value).map(([name, one]) => strandOf(one, pathTo(place, name))) : [];
  });
}

/** The steps of a list, or the single one that stands in its place. */
export function strandOf(value: unknown, path: string): Strand {
  if (Array.isArray(value)) return value.map((step: unknown, index) => ({ step, path: pathTo(path, index) }));
  return value === undefined ? [] : [{ step: value, path }];
}
