import type { Scope } from './scope.js';
import type { Path } from './syntax.js';

const PREFIX = 'context.';

/**
 * The path that a text spells: names between dots, each of which may be followed by indexes in brackets. A name is anything
 * without a dot or a bracket, so keys with spaces or letters of any script can be reached. `undefined` when it is no path.
 */
export function parsePath(text: string): Path | undefined {
  const body = text.startsWith(PREFIX) ? text.slice(PREFIX.length) : text;
  const [root, ...keys] = segments(body) ?? [];
  if (root === undefined) return undefined;
  const [step, property, ...below] = keys;
  if (body.startsWith('steps.') && step !== undefined && property === 'output') {
    return { kind: 'path', root, keys: below, step };
  }
  return { kind: 'path', root, keys };
}

/** What a path leads to; `undefined` where it leads nowhere. */
export function lookup({ root, keys, step }: Path, scope: Scope): unknown {
  let value = step === undefined ? scope.root(root) : scope.step(step)?.output;
  for (const key of keys) {
    if (value === undefined) return undefined;
    value = own(value, key);
  }
  return value;
}

/** An own property of an object or array, an array's `length` included: nothing a prototype or a text has can be reached. */
export function own(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
  return (value as Readonly<Record<string, unknown>>)[key];
}

function segments(text: string): string[] | undefined {
  const found: string[] = [];
  for (let from = 0; ; from += 1) {
    let to = endOfName(text, from);
    if (to === from) return undefined;
    found.push(text.slice(from, to));
    while (text[to] === '[') {
      const end = endOfDigits(text, to + 1);
      if (end === to + 1 || text[end] !== ']') return undefined;
      found.push(text.slice(to + 1, end));
      to = end + 1;
    }
    if (to === text.length) return found;
    if (text[to] !== '.') return undefined;
    from = to;
  }
}

function endOfName(text: string, from: number): number {
  let at = from;
  while (at < text.length && text[at] !== '.' && text[at] !== '[' && text[at] !== ']') at += 1;
  return at;
}

function endOfDigits(text: string, from: number): number {
  let at = from;
  while (isDigit(text.charCodeAt(at))) at += 1;
  return at;
}

/** Of a code of `charCodeAt`. */
export const isDigit = (code: number): boolean => code >= 48 && code <= 57;
