import type { JsonObject } from '../message/workflow-message.js';
import { isRecord } from '../utils/is-record.js';

/** The input of a run, and what it adds to its cookbook. */
const OF_THE_RUN: ReadonlySet<string> = new Set(['api_input', '_system', '_pointer']);
/** What a run adds to a top-level step; nested ones keep theirs in the position. */
const OF_THE_STEP: ReadonlySet<string> = new Set(['output', '_execution']);

/** A document without its input and what a run added to it. What is left is shared with the document. */
export function definitionOf(document: JsonObject): JsonObject {
  const definition = without(document, OF_THE_RUN);
  const { steps } = document;
  if (!Array.isArray(steps)) return definition;
  return { ...definition, steps: steps.map((step: unknown) => (isRecord(step) ? without(step, OF_THE_STEP) : step)) };
}

/**
 * Whether two documents are the same but for their input and what runs added. The order of branches counts, since joins
 * follow it; that of other keys does not. Recurses: the documents must be of bounded depth.
 */
export function sameDefinition(a: JsonObject, b: JsonObject): boolean {
  return sameMembers(a, b, BESIDE_STEPS) && sameSteps(a['steps'], b['steps']);
}

/** A cookbook's name, where it has one. */
export function nameOf({ name }: { readonly name?: unknown }): string | undefined {
  return typeof name === 'string' && name !== '' ? name : undefined;
}

const BESIDE_STEPS: ReadonlySet<string> = new Set([...OF_THE_RUN, 'steps']);
const NONE: ReadonlySet<string> = new Set();

function sameSteps(a: unknown, b: unknown): boolean {
  if (!Array.isArray(a) || !Array.isArray(b)) return same(a, b);
  return (
    a.length === b.length &&
    a.every((step: unknown, index) => {
      const other: unknown = b[index];
      return isRecord(step) && isRecord(other) ? sameMembers(step, other, OF_THE_STEP) : same(step, other);
    })
  );
}

function same(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (isRecord(a)) return isRecord(b) && sameMembers(a, b, NONE);
  if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false;
  return a.every((item, index) => same(item, b[index]));
}

function sameMembers(a: JsonObject, b: JsonObject, ignored: ReadonlySet<string>): boolean {
  let unmatched = 0;
  for (const key in b) if (!ignored.has(key)) unmatched += 1;
  for (const key in a) {
    if (ignored.has(key)) continue;
    if (!Object.hasOwn(b, key) || !same(a[key], b[key])) return false;
    if (key === 'branches' && !sameOrder(a[key], b[key])) return false;
    unmatched -= 1;
  }
  return unmatched === 0;
}

/** Of two objects that are the same otherwise. */
function sameOrder(a: unknown, b: unknown): boolean {
  if (!isRecord(a) || !isRecord(b)) return true;
  const keys = Object.keys(b);
  return Object.keys(a).every((key, index) => key === keys[index]);
}

function without(object: JsonObject, keys: ReadonlySet<string>): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([key]) => !keys.has(key)));
}
