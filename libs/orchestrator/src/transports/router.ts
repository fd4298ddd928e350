import { randomUUID } from 'node:crypto';
import { Logger } from '@nestjs/common';
import { modeOf, stop } from '../engine/advance.js';
import { checkpoint, restore } from '../engine/checkpoint.js';
import type { Run } from '../engine/run.js';
import type { Move, Transition } from '../engine/transition.js';
import { LimitExceededError } from '../errors/limit-exceeded.error.js';
import { MessageTooLargeError } from '../errors/message-too-large.error.js';
import { OrchestratorError } from '../errors/orchestrator.error.js';
import { UnroutableError } from '../errors/unroutable.error.js';
import type { WorkflowEvents } from '../events/workflow-events.js';
import type { HopJournal } from '../execution/hop-journal.js';
import { Interrupted } from '../execution/interrupted.js';
import type { MessageCodec } from '../message/message.codec.js';
import { encodeRefused, encodeTerminal } from '../message/terminal.js';
import { PROTOCOL, type WorkflowMessage } from '../message/workflow-message.js';
import { changed } from '../utils/changed.js';
import type { Clock } from '../utils/clock.js';
import { COMPLETED, FAILED, workflowOf } from './destinations.js';
import type { IncomingMessage, OutgoingMessage, WorkflowTransport } from './workflow.transport.js';

/** What became of one workflow message: the answer of `processWorkflowMessage`. */
export type HopResult =
  | { readonly success: true; readonly workflow_id: string; readonly step_id: string; readonly result?: unknown }
  | { readonly skipped: true; readonly reason: 'stale' | 'ended' | 'busy' | 'fenced' | 'unavailable' | 'closing' | 'unroutable' }
  | { readonly retrying: true; readonly attempt: number; readonly nextAttempt: number }
  | { readonly dlq: true; readonly workflow_id?: string; readonly current_step?: string; readonly attempts: number; readonly error_ref: string }; // prettier-ignore

export interface RouterSettings {
  readonly service: string;
  /** Milliseconds for which an unreachable destination is tried again. */
  readonly unroutableFor: number;
  /** Milliseconds until a message is tried again that the plumbing, not the run, held up. */
  readonly deferBy: number;
}

type End = Move & { readonly kind: 'complete' | 'fail' };

/** Where the next message goes, in how many milliseconds, and how many forwards without progress it will have seen. */
interface Way {
  readonly service: string;
  readonly delay: number;
  readonly hops: number;
}

/** MESSAGE OUT: makes the move that the engine decided, confirmed by the transport before it resolves. */
export class Router {
  private readonly logger = new Logger(Router.name);
  private closing = false;

  constructor(
    private readonly settings: RouterSettings,
    private readonly transport: WorkflowTransport,
    private readonly codec: MessageCodec,
    private readonly events: WorkflowEvents,
    private readonly clock: Clock,
    /** In [0, 1): for jitter. */
    private readonly random: () => number = Math.random,
  ) {}

  /** @throws Interrupted when the outcome could not be recorded: then nothing was published */
  async dispatch(transition: Transition, journal: HopJournal): Promise<HopResult> {
    const { run } = transition;
    switch (transition.kind) {
      case 'execute':
      case 'forward':
        return this.send(run, journal, { service: transition.service, delay: 0, hops: run.message.hops + 1 });
      case 'delay': {
        const delay = this.delayOf(transition);
        return this.send(run, journal, { service: this.settings.service, delay, hops: run.message.hops });
      }
      case 'complete':
      case 'fail':
        return this.end(run, journal, transition);
      case 'fork':
      case 'arrive':
        throw new TypeError(`A ${transition.kind} at ${transition.join} left its hop.`);
    }
  }

  /** Ends the run, once, and says so. */
  async end(run: Run, journal: HopJournal, move: End): Promise<HopResult> {
    const status = move.kind === 'complete' ? 'completed' : 'failed';
    const output = move.kind === 'complete' ? move.output : undefined;
    const failure = move.kind === 'complete' ? undefined : move.failure;
    await journal.flush();
    const steps = Object.fromEntries(run.outputs);
    await journal.end({ status, output, steps, failure });
    const message = changed(asItStands(run), { seq: journal.holder.seq });
    const terminal = { status, message, steps, apiOutput: output, failure } as const;
    const body = encodeTerminal(terminal, this.codec.limits);
    const messageId = `${message.workflowId}:${message.epoch}:${status}`;
    await this.publish({ destination: status === 'completed' ? COMPLETED : FAILED, body, messageId });
    this.events.run(
      status,
      message,
      this.settings.service,
      this.clock.now(),
      failure && (failure.code ?? failure.type),
    );
    const last = run.plan.order.at(-1) ?? message.currentStep;
    return failure === undefined
      ? { success: true, workflow_id: message.workflowId, step_id: last, result: output }
      : { dlq: true, workflow_id: message.workflowId, current_step: message.currentStep, attempts: failure.attempts ?? 0, error_ref: failure.ref ?? '' }; // prettier-ignore
  }

  /** A message that cannot be read, or makes no sense, goes to `workflow.failed` as it came, with the reason. */
  async refuse({ body, messageId }: IncomingMessage, error: OrchestratorError): Promise<HopResult> {
    this.logger.error(`Message ${messageId} was refused: ${error.message}`);
    await this.publish({
      destination: FAILED,
      body: encodeRefused(body, error, this.codec.limits),
      messageId: `refused:${messageId}`,
    });
    return { dlq: true, attempts: 0, error_ref: `refused:${messageId}` };
  }

  /** Puts the same message back, to be delivered again in `delay` milliseconds. */
  async defer(message: WorkflowMessage, delay = this.settings.deferBy): Promise<void> {
    const body = this.codec.encode(message);
    await this.publish({ destination: workflowOf(this.settings.service), body, messageId: message.hopId, delay });
  }

  /** From now on nothing is held any more. */
  close(): void {
    this.closing = true;
  }

  private async send(run: Run, journal: HopJournal, { service, delay, hops }: Way): Promise<HopResult> {
    const message = this.next(run, journal, hops);
    const body = this.encoded(message);
    if (body instanceof OrchestratorError) return this.tooLarge(run, journal, body);
    await journal.flush();
    try {
      await this.publish({ destination: workflowOf(service), body, messageId: message.hopId, delay });
    } catch (error) {
      if (error instanceof UnroutableError) return this.unroutable(run, journal, error);
      throw error;
    }
    const { workflowId, currentStep, attempt = 1 } = message;
    return delay > 0 && attempt > 1
      ? { retrying: true, attempt: attempt - 1, nextAttempt: attempt }
      : { success: true, workflow_id: workflowId, step_id: currentStep };
  }

  /** The run's next message: a new one of its line. */
  private next(run: Run, journal: HopJournal, hops: number): WorkflowMessage {
    return changed(asItStands(run), {
      lenient: modeOf(run.message) === 'lenient' ? (true as const) : undefined,
      protocol: PROTOCOL,
      seq: journal.holder.seq + 1,
      hopId: randomUUID(),
      hops: journal.progressed ? 0 : hops,
    });
  }

  private encoded(message: WorkflowMessage): string | OrchestratorError {
    try {
      return this.codec.encode(message);
    } catch (error) {
      if (error instanceof MessageTooLargeError || error instanceof LimitExceededError) return error;
      throw error;
    }
  }

  /** The run fails as it came: as it stands now it could not be sent, nor requeued. */
  private tooLarge(run: Run, journal: HopJournal, error: OrchestratorError): Promise<HopResult> {
    const before = restore(run.message, run.plan, run.here, run.now);
    return this.end(before, journal, stop(before, run.plan.environment.classify(error, 'engine')));
  }

  /** The other service may not be deployed yet: the same message again, until that has taken too long. */
  private async unroutable(run: Run, journal: HopJournal, error: UnroutableError): Promise<HopResult> {
    const unroutableSince = run.message.unroutableSince ?? this.clock.now();
    if (this.clock.now() - unroutableSince >= this.settings.unroutableFor) {
      return this.end(run, journal, stop(run, run.plan.environment.classify(error, 'infrastructure')));
    }
    await this.defer({ ...run.message, unroutableSince });
    await journal.release();
    return { skipped: true, reason: 'unroutable' };
  }

  private delayOf(delay: Transition & { readonly kind: 'delay' }): number {
    if ('until' in delay) return Math.max(delay.until - this.clock.now(), 0);
    return Math.max(this.random() * delay.ms, delay.after ?? 0);
  }

  /** Tries until the transport has accepted the message. */
  private async publish(message: OutgoingMessage): Promise<void> {
    for (;;) {
      try {
        await this.transport.publish(message);
        return;
      } catch (error) {
        if (error instanceof UnroutableError) throw error;
        if (this.closing) throw new Interrupted('closing', { cause: error });
        this.logger.warn(`Not accepted by the transport, trying again: ${message.destination} (${String(error)})`);
        await new Promise<void>((resolve) => this.clock.after(this.settings.deferBy, resolve));
      }
    }
  }
}

/** The message of a run where it stands now; what concerned only the way of the one before is gone. */
function asItStands(run: Run): WorkflowMessage {
  return changed(changed(run.message, checkpoint(run)), { carry: undefined, unroutableSince: undefined });
}
