import type { WorkflowEvent } from 'nest-orchestrator';

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
}

const OUTCOMES = { step_completed: 'completed', step_retrying: 'retrying', step_failed: 'failed' } as const;

/** The attempts of one run in the order they began. An event that is told twice counts once. */
export function attemptsOf(events: readonly WorkflowEvent[]): Attempt[] {
  const began = Math.min(...events.map(({ at }) => Date.parse(at)));
  const attempts = new Map<string, Omit<Attempt, 'of'>>();
  const last = new Map<string, number>();
  const requeues = new Set<string>();
  for (const {
    type,
    event_id,
    path,
    service,
    operation,
    attempt: number,
    at,
    duration_ms,
    error_code = null,
  } of events) {
    if (type === 'requeued') requeues.add(event_id);
    if (path === null || operation === null || number === null) continue;
    const attempt = { path, service, operation, number, round: requeues.size };
    const key = `${stepOf(attempt)}#${number}`;
    const known = attempts.get(key);
    last.set(stepOf(attempt), Math.max(number, last.get(stepOf(attempt)) ?? 0));
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
    .map((attempt) => ({ ...attempt, of: last.get(stepOf(attempt)) ?? attempt.number }))
    .sort((a, b) => a.startMs - b.startMs);
}

const stepOf = ({ round, path }: Pick<Attempt, 'round' | 'path'>): string => `${round}:${path}`;
