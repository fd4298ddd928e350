/** What happened to a run or to one of its steps. */
export type WorkflowEventType =
  | 'started'
  | 'requeued'
  | 'step_started'
  | 'step_completed'
  | 'step_retrying'
  | 'step_failed'
  | 'delivery_requested'
  | 'completed'
  | 'failed'
  | 'cancelled';

/**
 * What operators watch. One schema, frozen: it is the same in code and on `monitoring.workflow`, so its keys are
 * snake_case. It never holds inputs, outputs or the cookbook. An event may repeat after a redelivery.
 */
export interface WorkflowEvent {
  /** Version of this schema. */
  readonly v: 1;
  readonly event_id: string;
  readonly type: WorkflowEventType;
  readonly workflow_id: string;
  readonly correlation_id: string;
  readonly tenant_id: string | number | null;
  readonly line: string;
  readonly seq: number;
  /** `null` for events of the run itself. */
  readonly path: string | null;
  readonly step_id: string | null;
  /** The service that says so. */
  readonly service: string;
  readonly operation: string | null;
  readonly attempt: number | null;
  /** RFC 3339, milliseconds. */
  readonly at: string;
  readonly duration_ms: number | null;
  /** How the step's answer came about. `null`: not asked. */
  readonly cache: 'hit' | 'miss' | 'bypass' | null;
  readonly error_code?: string;
  readonly traceparent: string | null;
}
