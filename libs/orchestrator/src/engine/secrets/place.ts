import type { Path } from '../../references/syntax.js';
import { own } from '../../references/path.js';
import { put } from '../../references/json-copy.js';
import { isRecord } from '../../utils/is-record.js';

/** Stands where a secret was. */
export const REDACTED = '[REDACTED]';

/** A name or an index; `null`: every one. */
export type Key = string | null;

/** Where a value stands in a run: in its `api_input`, in the output of a step, or in what its deliverer said. */
export interface Place {
  readonly root: 'api_input' | 'steps' | 'delivery';
  /** Of `steps`: whose output; a nested step too. */
  readonly step: string;
  readonly keys: readonly Key[];
}

/** The place a path leads to; `undefined` where that is no place of the run, as of `current`, or of an id. */
export function placeOfPath({ root, keys, step = '' }: Path): Place | undefined {
  if (step !== '') return { root: 'steps', step, keys };
  return root === 'api_input' || root === 'delivery' ? { root, step, keys } : undefined;
}

/** As a JSON pointer: `/api_input/card`, `/steps/login/output/token`. Of several places at once: of what holds them all. */
export function pointerOf({ root, step, keys }: Place): string {
  const many = keys.indexOf(null);
  const known = (many < 0 ? keys : keys.slice(0, many)) as readonly string[];
  return jsonPointer([root, ...(root === 'steps' ? [step, 'output'] : []), ...known]);
}

/** `undefined` for a pointer to no place of a run. */
export function placeOfPointer(pointer: string): Place | undefined {
  const [, root, ...keys] = pointer.split('/').map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
  if (root === 'api_input' || root === 'delivery') return { root, step: '', keys };
  const [step, output, ...below] = keys;
  return root === 'steps' && step !== undefined && output === 'output' ? { root, step, keys: below } : undefined;
}

export function jsonPointer(keys: readonly string[]): string {
  return keys.map((key) => `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

/** Whether one leads into, or is, the other. */
export function overlap(one: readonly Key[], other: readonly Key[]): boolean {
  const shared = Math.min(one.length, other.length);
  for (let at = 0; at < shared; at += 1) {
    if (one[at] !== other[at] && one[at] !== null && other[at] !== null) return false;
  }
  return true;
}

/** What is found in a value, and by which keys: several where a key is `null`. */
export function found(
  value: unknown,
  keys: readonly Key[],
  at: readonly string[] = [],
): readonly { readonly keys: readonly string[]; readonly value: unknown }[] {
  const [key, ...below] = keys;
  if (value === undefined) return [];
  if (key === undefined) return [{ keys: at, value }];
  return namesFor(value, key).flatMap((name) => found(own(value, name), below, [...at, name]));
}

/** The value with something else there; what does not change is shared, and what is not there stays away. */
export function edited(value: unknown, keys: readonly Key[], change: (value: unknown) => unknown): unknown {
  const [key, ...below] = keys;
  if (value === undefined) return value;
  if (key === undefined) return change(value);
  let copy: unknown[] | Record<string, unknown> | undefined;
  for (const name of namesFor(value, key)) {
    const before = own(value, name);
    const after = edited(before, below, change);
    if (after === before) continue;
    copy ??= Array.isArray(value) ? [...(value as unknown[])] : copyOf(value as Record<string, unknown>);
    put(copy as Record<string, unknown>, name, after);
  }
  return copy ?? value;
}

/** Own names that a key may mean. `length` is none: it is no value of its own. */
function namesFor(value: unknown, key: Key): readonly string[] {
  if (!Array.isArray(value) && !isRecord(value)) return [];
  if (key === null) return Object.keys(value);
  return Object.hasOwn(value, key) && !(Array.isArray(value) && key === 'length') ? [key] : [];
}

function copyOf(record: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(record)); // own properties, `__proto__` too
}
