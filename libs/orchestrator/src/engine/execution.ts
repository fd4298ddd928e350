/** `cookbook.steps[i]._execution`, in the original's shape. */
export interface Execution {
  readonly status: 'running' | 'retrying' | 'completed' | 'failed';
  readonly started_at?: string;
  readonly completed_at?: string;
  readonly duration_ms?: number;
  readonly retry_history?: readonly RetryRecord[];
  /** JSON pointers to the secrets that were removed from the run while this step was the current one. */
  readonly redacted?: readonly string[];
}

/** One failed attempt; other records that messages of the original carry (`requeued`, …) are kept as they are. */
export interface RetryRecord {
  readonly attempt?: number;
  readonly path?: string;
  readonly error?: string;
  readonly error_ref?: string;
  readonly error_type?: string;
  readonly error_code?: string | null;
  readonly status_code?: number | null;
  readonly details?: unknown;
  readonly at?: string;
  readonly requeued?: true;
}
