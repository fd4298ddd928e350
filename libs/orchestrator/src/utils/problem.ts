/** One thing that is wrong with a JSON document. */
export interface Problem {
  /** Where: `steps[2].branches.a.join.strategy`; empty for the document itself. */
  readonly path: string;
  /** What is wrong, to be read after the path: `must be a string`. */
  readonly message: string;
  /** What stands there: `"custom"`, `an object`, `nothing`. */
  readonly found: string;
  /** What to do about it. */
  readonly fix: string;
}

/** Problems that are told of one document: enough to mend it, few enough to read. */
export const MAX_PROBLEMS = 50;

/** The problems as lines of an error's message, each with what was found and the fix. */
export function listProblems(problems: readonly Problem[]): string {
  return problems
    .map(({ path, message, found, fix }) => `\n  - ${path === '' ? 'it' : path} ${message} (found ${found}). ${fix}`)
    .join('');
}

/** The path of a member: `steps` and `2` give `steps[2]`; a key that is no identifier is quoted. */
export function pathTo(parent: string, key: string | number): string {
  if (typeof key === 'number') return `${parent}[${key}]`;
  if (!/^[\w-]+$/.test(key)) return `${parent}[${JSON.stringify(key)}]`;
  return parent === '' ? key : `${parent}.${key}`;
}

/** Problems of a part of a document as problems of the whole. */
export function problemsUnder(parent: string, problems: readonly Problem[]): readonly Problem[] {
  return problems.map((problem) => {
    const between = problem.path === '' || problem.path.startsWith('[') ? '' : '.';
    return { ...problem, path: `${parent}${between}${problem.path}` };
  });
}
