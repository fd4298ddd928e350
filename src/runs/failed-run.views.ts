import type { FailedRun, FailureDocument } from 'nest-orchestrator';
import { linksOf } from './run.views.js';

export interface FailedRunLinks {
  readonly status: string;
  readonly failure: string;
  readonly requeue: string;
}

/** A failed run in the list: what failed, and where. Neither its input nor any output, nor the details of its error. */
export interface FailedRunView {
  /** `null`: its message could not even be read. */
  readonly workflow_id: string | null;
  readonly tenant_id: string | number | null;
  /** Name of its cookbook; `null` for a document without one. */
  readonly cookbook: string | null;
  readonly status: FailedRun['status'];
  readonly error: Pick<FailureDocument, 'code' | 'message' | 'path' | 'total_attempts'> | null;
  readonly links: FailedRunLinks | null;
}

/** One failed run: beside that the whole error, and where it can be requeued from. */
export interface FailedRunDetails extends FailedRunView {
  readonly error: FailureDocument | null;
  /** The top-level steps it has reached, in order: each may be the `from` of a requeue. */
  readonly reached: readonly string[];
}

/** What of a failed envelope is shown. All of it may be missing: the message may have been none. */
interface ShownOfEnvelope {
  readonly current_step?: unknown;
  readonly cookbook?: { readonly name?: unknown; readonly steps?: unknown };
}

export function viewOf({ workflowId, tenantId, status, error, envelope }: FailedRun): FailedRunView {
  const { cookbook } = envelope as ShownOfEnvelope;
  return {
    workflow_id: workflowId ?? null,
    tenant_id: tenantId ?? null,
    cookbook: typeof cookbook?.name === 'string' ? cookbook.name : null,
    status,
    error: error === undefined ? null : headOf(error),
    links: workflowId === undefined ? null : failedLinksOf(workflowId),
  };
}

export function detailsOf(run: FailedRun): FailedRunDetails {
  return { ...viewOf(run), error: run.error ?? null, reached: reachedBy(run.envelope) };
}

const headOf = ({ code, message, path, total_attempts }: FailureDocument): FailedRunView['error'] => ({
  code,
  message,
  path,
  total_attempts,
});

function failedLinksOf(workflowId: string): FailedRunLinks {
  const failure = `/failed-runs/${encodeURIComponent(workflowId)}`;
  return { status: linksOf(workflowId).status, failure, requeue: `${failure}/requeue` };
}

function reachedBy(envelope: ShownOfEnvelope): string[] {
  const { current_step, cookbook } = envelope;
  const steps = Array.isArray(cookbook?.steps) ? (cookbook.steps as readonly { readonly step_id?: unknown }[]) : [];
  const ids = steps.map(({ step_id }) => String(step_id));
  return ids.slice(0, ids.indexOf(String(current_step)) + 1);
}
