import { nearest } from '../utils/nearest.js';

/** What others call the roots of a `foreach`. */
const OTHER_WORDS: ReadonlyMap<string, string> = new Map([
  ['item', 'current'],
  ['i', 'index'],
]);

/** The root that is most likely meant by a name that is none. */
export function nearestRoot(name: string, roots: readonly string[]): string | undefined {
  const meant = OTHER_WORDS.get(name);
  return meant !== undefined && roots.includes(meant) ? meant : nearest(name, roots);
}
