import type { DeliveryResult } from '../engine/delivery.js';
import type { Caller } from '../message/workflow-message.js';
import { isRecord } from '../utils/is-record.js';
import type { HandOver } from './resume-message.js';

/** What is to be delivered, and for whom. */
export interface DeliveryRequest {
  readonly workflowId: string;
  readonly correlationId: string;
  readonly caller: Caller;
  /** Output of the last step before the hand-over. */
  readonly output: unknown;
  /** Outputs so far, by id of top-level step. */
  readonly steps: Readonly<Record<string, unknown>>;
  /** `delivery` of the cookbook: where it is to go, and how. */
  readonly delivery: Readonly<Record<string, unknown>>;
  /** The same whenever this delivery is asked for again: after a crash it may be. */
  readonly idempotencyKey: string;
}

/**
 * Delivers the output of a run. What it answers is `{{delivery._result}}` of the steps that follow; nothing stands for
 * `{ status: 'completed' }`, and an error for `{ status: 'failed', error }`.
 */
export type Deliver = (request: DeliveryRequest) => DeliveryResult | undefined | Promise<DeliveryResult | undefined>;

/** All of it is read from the run's message: what stands beside it may have been left out. */
export function deliveryRequest({ message, onResult, delivered }: HandOver, namespace: string): DeliveryRequest {
  const { workflowId, correlationId, tenantId, workspaceId, personId, redo } = message;
  const { delivery, steps } = message.cookbook;
  const outputs = new Map<string, unknown>();
  for (const step of Array.isArray(steps) ? steps.filter(isRecord) : []) {
    if (Object.hasOwn(step, 'output')) outputs.set(String(step['step_id']), step['output']);
  }
  return {
    workflowId,
    correlationId,
    caller: { tenantId, workspaceId, personId },
    output: delivered === undefined ? undefined : outputs.get(delivered),
    steps: Object.fromEntries(outputs),
    delivery: isRecord(delivery) ? delivery : {},
    idempotencyKey: `${namespace}:${workflowId}:${redo}:${onResult}:delivery`,
  };
}
