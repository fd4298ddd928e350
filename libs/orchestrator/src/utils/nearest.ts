/** What a "did you mean" is worth looking at: it serves people, and must not stall on a large object. */
const MAX_LENGTH = 64;
const MAX_CANDIDATES = 1_000;

/**
 * The candidate that `word` is most likely a misspelling of: another case, or one edit in every three letters, three at
 * most. `undefined` when nothing comes that close. Of equally near ones the first wins.
 */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  if (word.length > MAX_LENGTH) return undefined;
  const wanted = word.toLowerCase();
  let best: string | undefined;
  let bound = Math.min(3, Math.floor(word.length / 3)) + 1;
  let seen = 0;
  for (const candidate of candidates) {
    if (bound === 0 || (seen += 1) > MAX_CANDIDATES) break;
    if (Math.abs(candidate.length - word.length) >= bound) continue;
    const edits = distance(wanted, candidate.toLowerCase());
    if (edits >= bound) continue;
    best = candidate;
    bound = edits;
  }
  return best;
}

/** Names that a text lists, so that it stays readable. */
const MAX_LISTED = 20;

/** What to say of a name that is not there: the one that comes near, and those that are. */
export function suggestion(
  word: string,
  introduction: string,
  names: readonly string[],
  meant = nearest(word, names),
): string {
  return `${meant === undefined ? '' : `Did you mean "${meant}"? `}${introduction}: ${listed(names)}.`;
}

/** The first names of a list, and how many more there are. */
export function listed(names: readonly string[], atMost = MAX_LISTED): string {
  const more = names.length - atMost;
  return `${names.slice(0, atMost).join(', ') || 'none'}${more > 0 ? `, and ${more} more` : ''}`;
}

/** Edits that make one text of the other: insert, delete or replace a character, or swap two neighbours. */
function distance(from: string, to: string): number {
  let before: readonly number[] = [];
  let row: readonly number[] = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let i = 0; i < from.length; i += 1) {
    const next = [i + 1];
    for (let j = 0; j < to.length; j += 1) {
      const replaced = cell(row, j) + (from[i] === to[j] ? 0 : 1);
      const swapped = from[i] === to[j - 1] && from[i - 1] === to[j] ? cell(before, j - 1) + 1 : Infinity;
      next.push(Math.min(replaced, swapped, cell(row, j + 1) + 1, cell(next, j) + 1));
    }
    [before, row] = [row, next];
  }
  return cell(row, to.length);
}

const cell = (row: readonly number[], column: number): number => row[column] ?? Infinity;
