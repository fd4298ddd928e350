import { DeliveryResultError } from '../errors/delivery-result.error.js';
import type { JsonObject, WorkflowMessage } from '../message/workflow-message.js';
import { describe } from '../utils/describe.js';
import { isRecord } from '../utils/is-record.js';
import type { Plan } from './plan.js';

/** How the delivery of a run's output went, and what else its deliverer says of it: JSON. */
export interface DeliveryResult {
  readonly status: 'completed' | 'failed' | 'skipped';
  readonly [key: string]: unknown;
}

const STATUSES: readonly unknown[] = ['completed', 'failed', 'skipped'] satisfies DeliveryResult['status'][];

/** What is wrong with a result, whoever gives it. */
export function resultError({ status }: JsonObject): DeliveryResultError | undefined {
  if (STATUSES.includes(status)) return undefined;
  return new DeliveryResultError(`delivery_result.status must be "completed", "failed" or "skipped" (got ${describe(status)}).`); // prettier-ignore
}

/** Why a run may not go on where its message stands: what that says of a delivery, or does not say, makes no sense there. */
export function deliveryError(message: WorkflowMessage, plan: Plan): DeliveryResultError | undefined {
  const { deliverTo } = plan;
  const { currentStep, deliveryResult } = message;
  if (deliveryResult === undefined) {
    if (currentStep !== deliverTo) return undefined;
    return new DeliveryResultError(`Step "${currentStep}" is told how the delivery went, and the message has no "delivery_result". Resume the run with the message of workflow.delivery_requested and a "delivery_result".`); // prettier-ignore
  }
  if (isHandedOver(currentStep, plan)) return resultError(deliveryResult);
  const fix = 'Leave it out, or name the step that is told of it as "delivery.on_result".';
  return new DeliveryResultError(
    `The message has a "delivery_result", and nothing has been handed over for delivery. ${fix}`,
  );
}

/** The original kept the result in the cookbook: a message of its that stands behind the hand-over is given it back. */
export function withResult(message: WorkflowMessage, plan: Plan): WorkflowMessage {
  if (message.protocol !== undefined || message.deliveryResult !== undefined) return message;
  const { delivery } = message.cookbook;
  const result = isRecord(delivery) ? delivery['_result'] : undefined;
  if (!isRecord(result) || !isHandedOver(message.currentStep, plan)) return message;
  return { ...message, deliveryResult: result };
}

/** Whether a run that stands at this top-level step has been handed over before. */
function isHandedOver(currentStep: string, { deliverTo, order }: Plan): boolean {
  return deliverTo !== undefined && order.indexOf(currentStep) >= order.indexOf(deliverTo);
}
