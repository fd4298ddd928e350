import { DeliveryResultError } from '../errors/delivery-result.error.js';
import { describe } from '../utils/describe.js';
import type { Run } from './run.js';

const STATUSES: readonly unknown[] = ['completed', 'failed', 'skipped'];

/** Why the run may not go on where its message stands: what it says of a delivery, or does not say, makes no sense there. */
export function deliveryError({ current, plan, message }: Run): DeliveryResultError | undefined {
  const { deliverTo, order } = plan;
  const { deliveryResult: result } = message;
  if (result === undefined) {
    if (current === undefined || current !== deliverTo) return undefined;
    return new DeliveryResultError(`Step "${current}" is told how the delivery went, and the message has no "delivery_result". Resume the run with the message of workflow.delivery_requested and a "delivery_result".`); // prettier-ignore
  }
  if (deliverTo === undefined || order.indexOf(current ?? '') < order.indexOf(deliverTo)) {
    const fix = 'Leave it out, or name the step that is told of it as "delivery.on_result".';
    return new DeliveryResultError(
      `The message has a "delivery_result", and nothing has been handed over for delivery. ${fix}`,
    );
  }
  if (STATUSES.includes(result['status'])) return undefined;
  return new DeliveryResultError(`delivery_result.status must be "completed", "failed" or "skipped" (got ${describe(result['status'])}).`); // prettier-ignore
}
