import { Logger } from '@nestjs/common';
import { withoutSecrets } from '../engine/secrets/refused.js';
import type { OrchestratorError } from '../errors/orchestrator.error.js';
import { UnroutableError } from '../errors/unroutable.error.js';
import { Interrupted } from '../execution/interrupted.js';
import { isTooLarge } from '../message/bounds.js';
import type { MessageCodec } from '../message/message.codec.js';
import { encodeRefused } from '../message/terminal.js';
import type { WorkflowMessage } from '../message/workflow-message.js';
import type { EndStatus } from '../state/state.store.js';
import { changed } from '../utils/changed.js';
import type { Clock } from '../utils/clock.js';
import { describeError } from '../utils/describe-error.js';
import { FAILED, workflowOf } from './destinations.js';
import type { IncomingMessage, OutgoingMessage, WorkflowTransport } from './workflow.transport.js';

export interface PublisherSettings {
  readonly service: string;
  /** Milliseconds until a message is tried again that the plumbing, not the run, held up. */
  readonly deferBy: number;
}

/** What a message that is put back may say that it did not say before. */
type Changes = Pick<WorkflowMessage, 'carry' | 'purgeDebt' | 'unroutableSince'>;

/** Publishes whatever it takes: what was accepted is the transport's, until then it is held here. */
export class Publisher {
  private readonly logger = new Logger(Publisher.name);
  private closing = false;

  constructor(
    private readonly settings: PublisherSettings,
    private readonly transport: WorkflowTransport,
    private readonly codec: MessageCodec,
    private readonly clock: Clock,
  ) {}

  /**
   * Tries until the transport has accepted the message: until then it is held, and its place among the consumers with it.
   * @throws UnroutableError; MessageTooLargeError where the broker takes less than the limits allow; Interrupted once the application closes
   */
  async publish(message: OutgoingMessage): Promise<void> {
    for (;;) {
      try {
        await this.transport.publish(message);
        return;
      } catch (error) {
        if (error instanceof UnroutableError || isTooLarge(error)) throw error;
        if (this.closing) throw new Interrupted('closing', { cause: error });
        this.logger.warn(
          `Not accepted by the transport, trying again: ${message.destination} (${describeError(error)})`,
        );
        await new Promise<void>((resolve) => this.clock.after(this.settings.deferBy, resolve));
      }
    }
  }

  /** Publishes what nobody must hear: once, and a failure is told to the log alone. */
  async tryToPublish(message: OutgoingMessage): Promise<void> {
    await this.transport.publish(message).catch((error: unknown) => {
      this.logger.warn(`Not accepted by the transport: ${message.destination} (${describeError(error)})`);
    });
  }

  /**
   * Puts a message back, to be delivered again in `delay` milliseconds. It is read anew from what was delivered, so that but
   * for the changes it is the same by construction.
   */
  async putBack(incoming: IncomingMessage, changes: Changes = {}, delay = this.settings.deferBy): Promise<void> {
    const message = changed(this.codec.decode(incoming.body), changes);
    await this.toItself(this.codec.encodeMoved(message), message.hopId, delay, incoming);
  }

  /**
   * Puts back a message of a newer version, unread, for a process that knows it.
   * @returns `false`: it has waited for `longest` milliseconds, and was not put back
   */
  async postpone(incoming: IncomingMessage, longest: number): Promise<boolean> {
    const now = this.clock.now();
    const later = this.codec.postponed(incoming.body, now);
    if (now - later.since >= longest) return false;
    await this.toItself(later.body, incoming.messageId, this.settings.deferBy, incoming);
    return true;
  }

  /** A message that cannot be read, or makes no sense, goes to `workflow.failed` as it came but for the secrets it names, with the reason. */
  async refuse(
    { body, messageId }: IncomingMessage,
    error: OrchestratorError,
    message?: WorkflowMessage,
    status: EndStatus = 'failed',
  ): Promise<string> {
    const ref = `refused:${messageId}`;
    this.logger.error(`${ref} ${error.message}`);
    const envelope = encodeRefused(withoutSecrets(body, message), error, this.codec.limits, message, status);
    await this.publish({ destination: FAILED, body: envelope, messageId: ref });
    return ref;
  }

  /** This delivery is settled by that; the ones before it were not, and still count: else what kills its process did so for ever. */
  private toItself(body: string, messageId: string, delay: number, { deliveries }: IncomingMessage): Promise<void> {
    const destination = workflowOf(this.settings.service);
    return this.publish({ destination, body, messageId, delay, failedDeliveries: deliveries - 1 });
  }

  /** From now on nothing is held any more. */
  close(): void {
    this.closing = true;
  }
}
