import type { WorkflowEvent } from 'nest-orchestrator';

/** One attempt at one task, as the events of a run tell of it. */
export interface Attempt {
  /** Where the step stands in the run: `each[3].purchase`. */
  readonly path: string;
  readonly service: string;
  readonly operation: string;
  readonly number: number;
  /** How many attempts the step took in the end. */
  readonly of: number;
  /** Milliseconds from the start of the run. */
  readonly startMs: number;
  readonly tookMs: number;
  readonly outcome: 'completed' | 'retrying' | 'failed' | 'running';
  readonly errorCode: string | null;
}

const OUTCOMES = { step_completed: 'completed', step_retrying: 'retrying', step_failed: 'failed' } as const;

/** The attempts of one run in the order they began. An event that is told twice counts once. */
export function attemptsOf(events: readonly WorkflowEvent[]): Attempt[] {
  const began = Math.min(...events.map(({ at }) => Date.parse(at)));
  const attempts = new Map<string, Omit<Attempt, 'of'>>();
  const last = new Map<string, number>();
  for (const { type, path, service, operation, attempt: number, at, duration_ms, error_code = null } of events) {
    if (path === null || operation === null || number === null) continue;
    const key = `${path}#${number}`;
    const known = attempts.get(key);
    const attempt = { path, service, operation, number };
    last.set(path, Math.max(number, last.get(path) ?? 0));
    if (type === 'step_started') {
      const startMs = Date.parse(at) - began;
      attempts.set(key, known ?? { ...attempt, startMs, tookMs: 0, outcome: 'running', errorCode: null });
    } else if (type in OUTCOMES) {
      const tookMs = duration_ms ?? 0;
      const startMs = known?.startMs ?? Date.parse(at) - began - tookMs;
      const outcome = OUTCOMES[type as keyof typeof OUTCOMES];
      attempts.set(key, { ...attempt, startMs, tookMs, outcome, errorCode: error_code });
    }
  }
  return [...attempts.values()]
    .map((attempt) => ({ ...attempt, of: last.get(attempt.path) ?? attempt.number }))
    .sort((a, b) => a.startMs - b.startMs);
}
