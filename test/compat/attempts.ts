import type { Json } from './recorded.js';
import { objectOf, stepsOf } from './run-message.js';

/**
 * Attempts of the top-level steps that ran, as the original counts them: it repeats a top-level step as a whole, we the task
 * that failed. Of tasks one after another the failures add up to those of the whole; of branches beside each other, which
 * fail in one attempt of the whole, those of the worst branch count.
 */
export function attemptsIn(cookbook: unknown): ReadonlyMap<string, number> {
  const forks = forksWithin(cookbook);
  const counted = stepsOf(cookbook).map(({ step_id, _execution }) => {
    const { status, retry_history } = objectOf(_execution);
    const failures = failuresOf(pathsOf(retry_history), forks);
    return [String(step_id), failures + (status === 'completed' ? 1 : 0)] as const;
  });
  return new Map(counted.filter(([, attempts]) => attempts > 0));
}

type Path = readonly string[];

/** Where the attempts failed that count: those since the last requeue. */
function pathsOf(history: unknown): readonly Path[] {
  const records = Array.isArray(history) ? history.map(objectOf) : [];
  const requeued = records.findLastIndex((record) => record['requeued'] === true);
  return records
    .slice(requeued + 1)
    .filter(({ attempt }) => typeof attempt === 'number')
    .map(({ path }) => (typeof path === 'string' && path !== '' ? path.split('.') : []));
}

function failuresOf(paths: readonly Path[], forks: ReadonlySet<string>, beside = false): number {
  const within = new Map<string, Path[]>();
  for (const [head, ...rest] of paths) {
    if (head !== undefined) within.set(head, [...(within.get(head) ?? []), rest]);
  }
  const here = paths.filter(({ length }) => length === 0).length;
  const counts = [...within].map(([head, rests]) => failuresOf(rests, forks, !beside && forks.has(head)));
  return here + (beside ? Math.max(0, ...counts) : counts.reduce((sum, count) => sum + count, 0));
}

/** Ids of the forks in a document, however deep. */
function forksWithin(value: unknown, found = new Set<string>()): ReadonlySet<string> {
  if (typeof value !== 'object' || value === null) return found;
  const { type, step_id } = value as Json;
  if (type === 'fork_join' && typeof step_id === 'string') found.add(step_id);
  for (const child of Object.values(value)) forksWithin(child, found);
  return found;
}
