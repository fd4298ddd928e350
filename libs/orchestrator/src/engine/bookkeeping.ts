import type { Failure } from '../errors/failure.js';
import type { Execution, RetryRecord } from './execution.js';
import type { Run } from './run.js';

/** Notes in the bookkeeping of the current top-level step, which others read in the message, how it stands now. */
export function mark(run: Run, status: Execution['status']): void {
  const { current, executions, history, now } = run;
  if (current === undefined) return;
  const at = momentOf(run);
  const known = executions.get(current);
  const startedAt = known?.started_at ?? at;
  // Literals: copying what is known by spread would cost more than the rest of the step.
  const execution: Mutable<Execution> =
    status === 'running' || status === 'retrying'
      ? { status, started_at: startedAt }
      : {
          status,
          started_at: startedAt,
          completed_at: at,
          duration_ms: startedAt === at ? 0 : now - Date.parse(startedAt),
        };
  if (history.length > 0) execution.retry_history = history;
  if (known?.redacted !== undefined) execution.redacted = known.redacted;
  executions.set(current, execution);
}

/** One failed attempt, as the message keeps it. */
export function recordOf(run: Run, failure: Failure): RetryRecord {
  return {
    attempt: run.attempt,
    path: failure.path ?? '',
    error: failure.message,
    error_ref: failure.ref ?? '',
    error_type: failure.type,
    error_code: failure.code,
    status_code: failure.status,
    details: failure.details,
    at: momentOf(run),
  };
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

/** `run.now` as the message has it. The same moment is asked for again and again: its text is made once. */
function momentOf(run: Run): string {
  if (run.moment?.ms !== run.now) run.moment = { ms: run.now, text: new Date(run.now).toISOString() };
  return run.moment.text;
}
