import type { WorkflowEvent } from 'nest-orchestrator';
import { purgedBy } from './purged.js';
import type { RunEvent } from './stage.js';

/** One attempt at one task, as the events of a run tell of it. */
export interface Attempt {
  /** Where the step stands in the run: `each[3].purchase`. */
  readonly path: string;
  readonly service: string;
  readonly operation: string;
  readonly number: number;
  /** How often the run had been requeued by then: attempts count anew each time. */
  readonly round: number;
  /** How many attempts the step took in the end, in its round. */
  readonly of: number;
  /** Milliseconds from the start of the run. */
  readonly startMs: number;
  readonly tookMs: number;
  readonly outcome: 'completed' | 'retrying' | 'failed' | 'running';
  readonly errorCode: string | null;
  /** How the step cache answered. `null`: it was not asked. */
  readonly cache: WorkflowEvent['cache'];
  /** What the attempt has changed, so that it is not answered from the cache any more: `order O-1`. */
  readonly purged: readonly string[];
}

const OUTCOMES = { step_completed: 'completed', step_retrying: 'retrying', step_failed: 'failed' } as const;

/** The attempts of one run in the order they began. An event that is told twice counts once. */
export function attemptsOf(events: readonly RunEvent[]): Attempt[] {
  const began = Math.min(...events.map(({ at }) => Date.parse(at)));
  const attempts = new Map<string, Omit<Attempt, 'of'>>();
  const last = new Map<string, number>();
  const latest = new Map<string, string>();
  const requeues = new Set<string>();
  for (const event of events) {
    if (event.type === 'purge') {
      const key = latest.get(event.path ?? '') ?? '';
      const known = attempts.get(key);
      if (known !== undefined) attempts.set(key, { ...known, purged: both(known.purged, purgedBy(event.tags)) });
      continue;
    }
    const { type, path, service, operation, attempt: number, at, duration_ms, cache, error_code = null } = event;
    if (type === 'requeued') requeues.add(event.event_id);
    if (path === null || operation === null || number === null) continue;
    const attempt = { path, service, operation, number, round: requeues.size };
    const key = `${stepOf(attempt)}#${number}`;
    const known = attempts.get(key);
    latest.set(path, key);
    last.set(stepOf(attempt), Math.max(number, last.get(stepOf(attempt)) ?? 0));
    const purged = known?.purged ?? [];
    if (type === 'step_started') {
      const startMs = Date.parse(at) - began;
      const begun = { ...attempt, startMs, tookMs: 0, outcome: 'running', errorCode: null, cache, purged } as const;
      attempts.set(key, known ?? begun);
    } else if (type in OUTCOMES) {
      const tookMs = duration_ms ?? 0;
      const startMs = known?.startMs ?? Date.parse(at) - began - tookMs;
      const outcome = OUTCOMES[type as keyof typeof OUTCOMES];
      attempts.set(key, { ...attempt, startMs, tookMs, outcome, errorCode: error_code, cache, purged });
    }
  }
  return [...attempts.values()]
    .map((attempt) => ({ ...attempt, of: last.get(stepOf(attempt)) ?? attempt.number }))
    .sort((a, b) => a.startMs - b.startMs);
}

const stepOf = ({ round, path }: Pick<Attempt, 'round' | 'path'>): string => `${round}:${path}`;

const both = (one: readonly string[], other: readonly string[]): string[] => [...new Set([...one, ...other])];
