import { nearest } from '../utils/nearest.js';
import { MAX_PROBLEMS, type Problem } from '../utils/problem.js';

/** Gathers what is wrong with one document. Beyond {@link MAX_PROBLEMS} it only stays full. */
export class Problems {
  private readonly found: Problem[] = [];

  get all(): readonly Problem[] {
    return this.found;
  }

  get full(): boolean {
    return this.found.length >= MAX_PROBLEMS;
  }

  add(problem: Problem): void {
    if (!this.full) this.found.push(problem);
  }

  /** Whether something was already said of this very place. */
  know(path: string): boolean {
    return this.found.some((problem) => problem.path === path);
  }
}

/** Names that a fix lists, so that it stays readable. */
const MAX_LISTED = 20;

/** A fix for a name that is not there: the one that comes near, and those that are. */
export function suggestion(word: string, introduction: string, names: readonly string[]): string {
  const guess = nearest(word, names);
  return `${guess === undefined ? '' : `Did you mean "${guess}"? `}${introduction}: ${listed(names)}.`;
}

export function listed(names: readonly string[]): string {
  const more = names.length - MAX_LISTED;
  return `${names.slice(0, MAX_LISTED).join(', ') || 'none'}${more > 0 ? `, and ${more} more` : ''}`;
}
