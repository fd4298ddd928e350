import { DeliveryResultError } from './errors/delivery-result.error.js';
import { Logger, type OnModuleInit } from '@nestjs/common';
import { type DeliveryResult, resultError } from './engine/delivery.js';
import { OrchestratorError } from './errors/orchestrator.error.js';
import { ProtocolTooNewError } from './errors/protocol-too-new.error.js';
import { UnroutableError } from './errors/unroutable.error.js';
import { type Deliver, deliveryRequest } from './execution/delivery-request.js';
import { classifyError, type ErrorClassifier } from './execution/error-classifier.js';
import type { Planner } from './execution/planner.js';
import { type HandOver, mayWait, readHandOver, type Resume, resumeMessage } from './execution/resume-message.js';
import type { MessageCodec } from './message/message.codec.js';
import type { StateStore } from './state/state.store.js';
import { DELIVERY_REQUESTED, workflowOf } from './transports/destinations.js';
import type { Publisher } from './transports/publisher.js';
import type { IncomingMessage, WorkflowTransport } from './transports/workflow.transport.js';
import type { Clock } from './utils/clock.js';
import { describe } from './utils/describe.js';
import { stackOf } from './utils/describe-error.js';
import { isRecord } from './utils/is-record.js';

interface DeliverySettings {
  readonly service: string;
  readonly namespace: string;
  readonly deliver: Deliver | undefined;
  readonly classifyError: ErrorClassifier | undefined;
}

/**
 * Hands runs to the application's `deliver`, and goes on with them. A hand-over is acknowledged once its resume is published, so
 * that after a crash it is delivered again, but never forgotten.
 */
export class DeliveryConsumer implements OnModuleInit {
  private readonly logger = new Logger(DeliveryConsumer.name);

  constructor(
    private readonly settings: DeliverySettings,
    private readonly transport: WorkflowTransport,
    private readonly codec: MessageCodec,
    private readonly planner: Planner,
    private readonly state: StateStore,
    private readonly publisher: Publisher,
    private readonly clock: Clock,
  ) {}

  /** Earlier than any service takes workflow messages: a topic keeps nothing for those who come later. */
  async onModuleInit(): Promise<void> {
    const { deliver } = this.settings;
    if (deliver === undefined) return;
    await this.transport.consume(DELIVERY_REQUESTED, (message) => this.handle(message, deliver));
  }

  private async handle(incoming: IncomingMessage, deliver: Deliver): Promise<void> {
    let resume: Resume | undefined;
    try {
      const handOver = readHandOver(incoming.body, this.codec, this.planner);
      resume = await this.delivered(handOver, deliver);
    } catch (error) {
      // One of a newer version is for a process that knows it: it is not acknowledged.
      if (!(error instanceof OrchestratorError) || error instanceof ProtocolTooNewError) throw error;
      await this.publisher.refuse(incoming, error);
    }
    if (resume !== undefined) await this.goOn(resume);
  }

  /** `undefined`: the run has gone on already. */
  private async delivered(handOver: HandOver, deliver: Deliver): Promise<Resume | undefined> {
    const { workflowId, expiresAt = Number.POSITIVE_INFINITY } = handOver.message;
    const { status } = await this.state.status(workflowId).catch(() => ({ status: 'unknown' as const }));
    if (!(await mayWait(status, handOver, this.state).catch(() => true))) return undefined;
    const over = status === 'cancelling' || expiresAt <= this.clock.now();
    const result = over ? ({ status: 'skipped' } as const) : await this.ask(handOver, deliver);
    try {
      return resumeMessage(handOver, result, this.codec);
    } catch (error) {
      this.logger.warn(`Run ${workflowId}: of the delivery's result the status alone is kept: ${String(error)}`);
      return resumeMessage(handOver, { status: result.status, truncated: true }, this.codec);
    }
  }

  private async ask(handOver: HandOver, deliver: Deliver): Promise<DeliveryResult> {
    const { namespace, classifyError: own } = this.settings;
    try {
      const result = (await deliver(deliveryRequest(handOver, namespace))) ?? { status: 'completed' };
      if (!isRecord(result)) throw new DeliveryResultError(`The option deliver answered ${describe(result)}: return { status: 'completed' }, with what else is to be known of it, or nothing.`); // prettier-ignore
      const error = resultError(result);
      if (error !== undefined) throw error;
      return result;
    } catch (error) {
      const { type, code, message } = classifyError(error, 'handler', own);
      this.logger.warn(`Run ${handOver.message.workflowId} was not delivered: ${message}`, stackOf(error));
      return { status: 'failed', error: { type, code, message } };
    }
  }

  /** Where its service cannot be reached this one deals with that, as with any workflow message. */
  private async goOn({ service = this.settings.service, ...resume }: Resume): Promise<void> {
    try {
      await this.publisher.publish({ destination: workflowOf(service), ...resume });
    } catch (error) {
      if (!(error instanceof UnroutableError)) throw error;
      await this.publisher.publish({ destination: workflowOf(this.settings.service), ...resume });
    }
  }
}
