import { randomUUID } from 'node:crypto';
import { type Observable, Subject } from 'rxjs';
import type { TaskStep } from '../cookbook/cookbook.js';
import type { Outcome } from '../engine/outcome.js';
import type { Failure } from '../errors/failure.js';
import type { Run } from '../engine/run.js';
import type { WorkflowMessage } from '../message/workflow-message.js';
import type { WorkflowEvent, WorkflowEventType } from './workflow.event.js';

/** A task as events tell of it. */
interface EventfulTask {
  readonly run: Run;
  readonly step: TaskStep;
  readonly path: string;
}

interface Settled {
  readonly maxAttempts: number;
  readonly durationMs: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly cache: WorkflowEvent['cache'];
}

/** Every event of the application's services, as it happens. */
export class WorkflowEvents {
  private readonly subject = new Subject<WorkflowEvent>();
  readonly events$: Observable<WorkflowEvent> = this.subject.asObservable();

  /** @param at milliseconds since the epoch */
  step(type: WorkflowEventType, task: EventfulTask, at: number, more: Partial<WorkflowEvent> = {}): void {
    if (!this.subject.observed) return;
    const { run, step, path } = task;
    this.emit({
      ...base(type, run.message, run.here, at),
      path,
      step_id: step.step_id,
      operation: step.operation,
      attempt: run.attempt,
      ...more,
    });
  }

  /** A task has come to an outcome in its `run.attempt`th of `maxAttempts` attempts. */
  settled(task: EventfulTask, outcome: Outcome, { maxAttempts, durationMs, at, cache }: Settled): void {
    const told = { duration_ms: durationMs, cache };
    if (outcome.kind === 'completed') {
      this.step('step_completed', task, at, told);
    } else {
      const { failure } = outcome;
      const again = failure.retryable && task.run.attempt < maxAttempts;
      this.step(again ? 'step_retrying' : 'step_failed', task, at, { ...told, error_code: codeOf(failure) });
    }
  }

  /** Something happened to the run itself. */
  run(type: WorkflowEventType, message: WorkflowMessage, service: string, at: number, failure?: Failure): void {
    if (!this.subject.observed) return;
    this.emit({
      ...base(type, message, service, at),
      ...(failure && { path: failure.path ?? null, step_id: failure.step ?? null, error_code: codeOf(failure) }),
    });
  }

  private emit(event: WorkflowEvent): void {
    this.subject.next(event);
  }
}

const codeOf = ({ code, type }: Failure): string => code ?? type;

function base(type: WorkflowEventType, message: WorkflowMessage, service: string, at: number): WorkflowEvent {
  return {
    v: 1,
    event_id: randomUUID(),
    type,
    workflow_id: message.workflowId,
    correlation_id: message.correlationId,
    tenant_id: message.tenantId ?? null,
    line: message.line,
    seq: message.seq ?? 0,
    path: null,
    step_id: null,
    service,
    operation: null,
    attempt: null,
    at: new Date(at).toISOString(),
    duration_ms: null,
    cache: null,
    traceparent: message.traceparent ?? null,
  };
}
