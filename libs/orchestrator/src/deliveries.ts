import type { DeliveryResult } from './engine/delivery.js';
import { InvalidArgumentError } from './errors/invalid-argument.error.js';
import type { Planner } from './execution/planner.js';
import { mayWait, readHandOver, resumeMessage } from './execution/resume-message.js';
import type { MessageCodec } from './message/message.codec.js';
import type { StateStore } from './state/state.store.js';
import { DELIVERY_REQUESTED, workflowOf } from './transports/destinations.js';
import type { KeptMessage, WorkflowTransport } from './transports/workflow.transport.js';
import { asJson } from './utils/arguments.js';

/** The runs that were handed over, for whoever goes on with them by hand. */
export class Deliveries {
  constructor(
    private readonly service: string,
    private readonly codec: MessageCodec,
    private readonly planner: Planner,
    private readonly state: StateStore,
    private readonly transport: WorkflowTransport,
  ) {}

  /** See `WorkflowOrchestrator.resume`. */
  async resume(run: string | object, result: DeliveryResult): Promise<string> {
    const kept = typeof run === 'string' ? await this.keptOf(run) : undefined;
    const handOver = readHandOver(kept?.body ?? asJson('resume: the message', run as object), this.codec, this.planner);
    const { workflowId } = handOver.message;
    const { service = this.service, ...resume } = resumeMessage(handOver, result, this.codec);
    const { status } = await this.state.status(workflowId);
    if (!(await mayWait(status, handOver, this.state))) throw new InvalidArgumentError(`resume: run "${workflowId}" does not wait for its delivery: its status is ${status}.`); // prettier-ignore
    await this.transport.publish({ destination: workflowOf(service), ...resume });
    if (kept !== undefined) await this.transport.remove(DELIVERY_REQUESTED, kept.messageId);
    return workflowId;
  }

  private async keptOf(workflowId: string): Promise<KeptMessage> {
    const newest = (await this.transport.browse(DELIVERY_REQUESTED)).findLast(({ messageId }) =>
      ofRun(workflowId, messageId),
    );
    if (newest !== undefined) return newest;
    const { status } = await this.state.status(workflowId);
    throw new InvalidArgumentError(`resume: run "${workflowId}" is not among those handed over whose messages are kept (its status: ${status}). Give its message from workflow.delivery_requested instead of its id.`); // prettier-ignore
  }
}

/** Whether it is the id of a hand-over of that run, `<workflow_id>:<epoch>:delivery_requested`. */
function ofRun(workflowId: string, messageId: string): boolean {
  return messageId.startsWith(`${workflowId}:`) && /^:\d+:delivery_requested$/.test(messageId.slice(workflowId.length));
}
