import { modeOf } from '../engine/advance.js';
import { type DeliveryResult, resultError } from '../engine/delivery.js';
import { nodeOf } from '../engine/plan.js';
import { DeliveryResultError } from '../errors/delivery-result.error.js';
import { InvalidArgumentError } from '../errors/invalid-argument.error.js';
import type { MessageCodec } from '../message/message.codec.js';
import { messageOfTerminal } from '../message/terminal.js';
import type { JsonObject, WorkflowMessage } from '../message/workflow-message.js';
import type { RunStatus, StateStore } from '../state/state.store.js';
import { describe } from '../utils/describe.js';
import { describeError } from '../utils/describe-error.js';
import { isRecord } from '../utils/is-record.js';
import type { Planner } from './planner.js';

/** A run that was handed over. */
export interface HandOver {
  /** That with which it goes on, but for the result. */
  readonly message: WorkflowMessage;
  /** The step that is told how the delivery went, and the one whose output is delivered. */
  readonly onResult: string;
  readonly delivered: string | undefined;
  /** Where it goes on. `undefined`: in any service. */
  readonly service: string | undefined;
}

/** What is published to go on with a run. */
export interface Resume {
  readonly service?: string;
  readonly body: string;
  readonly messageId: string;
}

/**
 * Whether a run of this status may be one that waits for its delivery. One that counts as running may, too, where its record has not
 * come to the message with which it goes on: then it has lost that it was handed over.
 */
export async function mayWait(
  status: RunStatus['status'],
  { message }: HandOver,
  records: StateStore,
): Promise<boolean> {
  return WAITING.has(status) || (status === 'running' && (await records.expects(message)));
}
const WAITING: ReadonlySet<string> = new Set(['delivery_requested', 'cancelling', 'unknown']);

/**
 * @param body of a message on `workflow.delivery_requested`
 * @throws what {@link MessageCodec.decode} and {@link Planner.plan} throw; InvalidArgumentError when nothing was handed over
 */
export function readHandOver(body: string, codec: MessageCodec, planner: Planner): HandOver {
  const message = messageOfTerminal(body, codec);
  const { currentStep, deliveryResult, position, workflowId } = message;
  const plan = planner.plan(message.cookbook, modeOf(message));
  const { deliverTo: onResult, order } = plan;
  if (onResult === undefined || currentStep !== onResult || deliveryResult !== undefined || position !== undefined) {
    throw new InvalidArgumentError(`The message must be one of workflow.delivery_requested, as it was published there: run "${workflowId}" stands at step "${currentStep}", and was not handed over there.`); // prettier-ignore
  }
  const { service } = nodeOf(plan, onResult).step;
  return { message, onResult, delivered: order[order.indexOf(onResult) - 1], service };
}

/**
 * @throws DeliveryResultError, MessageTooLargeError, LimitExceededError
 */
export function resumeMessage({ message, service }: HandOver, result: DeliveryResult, codec: MessageCodec): Resume {
  const body = codec.encodeUnnamed({ ...message, deliveryResult: checked(result) });
  return { ...(service === undefined ? {} : { service }), body, messageId: codec.decode(body).hopId };
}

/** The result as the run's services will see it. */
function checked(result: unknown): JsonObject {
  if (!isRecord(result)) {
    throw new DeliveryResultError(`The delivery's result must be an object with "status" (got ${describe(result)}).`);
  }
  const error = resultError(result);
  if (error !== undefined) throw error;
  try {
    const copy: unknown = JSON.parse(JSON.stringify(result));
    if (isRecord(copy) && resultError(copy) === undefined) return copy;
  } catch (cause) {
    throw new DeliveryResultError(`The delivery's result must be JSON (${describeError(cause)}).`, { cause });
  }
  throw new DeliveryResultError(`The delivery's result must be JSON: an object whose toJSON() leaves its "status".`);
}
