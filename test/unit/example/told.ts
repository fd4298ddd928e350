import type { WorkflowEvent } from 'nest-orchestrator';
import type { Purge } from '../../../src/demo/stage.js';

type Told = Pick<WorkflowEvent, 'type'> & Partial<WorkflowEvent> & { readonly ms: number };

/** Events as the services of one run would tell them, `ms` milliseconds after its start. */
export function told(...events: readonly Told[]): WorkflowEvent[] {
  return events.map(({ ms, ...event }, i) => ({
    v: 1,
    event_id: `event-${i}`,
    workflow_id: 'w-1',
    correlation_id: 'w-1',
    tenant_id: 'harbour-home',
    line: '',
    seq: 1,
    path: null,
    step_id: null,
    service: 'runs',
    operation: null,
    attempt: event.path === undefined ? null : 1,
    at: new Date(Date.UTC(2026, 0, 1) + ms).toISOString(),
    duration_ms: null,
    cache: null,
    traceparent: null,
    ...event,
  }));
}

/** What a cache tells when a step of that run has changed something. */
export const purge = (path: string | null, ...tags: readonly string[]): Purge => ({
  v: 1,
  type: 'purge',
  service: 'invoicing',
  operation: null,
  reason: null,
  tags,
  context: 'workflow',
  workflow_id: 'w-1',
  path,
  at: new Date(Date.UTC(2026, 0, 1)).toISOString(),
});
