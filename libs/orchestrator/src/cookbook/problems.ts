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
