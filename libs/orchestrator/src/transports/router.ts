import { randomUUID } from 'node:crypto';
import { Logger } from '@nestjs/common';
import { modeOf } from '../engine/advance.js';
import { checkpoint } from '../engine/checkpoint.js';
import type { Run } from '../engine/run.js';
import type { Move, Transition } from '../engine/transition.js';
import { LimitExceededError } from '../errors/limit-exceeded.error.js';
import { MessageTooLargeError } from '../errors/message-too-large.error.js';
import type { OrchestratorError } from '../errors/orchestrator.error.js';
import { UnroutableError } from '../errors/unroutable.error.js';
import type { WorkflowEvents } from '../events/workflow-events.js';
import type { HopJournal } from '../execution/hop-journal.js';
import { Interrupted } from '../execution/interrupted.js';
import type { MessageCodec } from '../message/message.codec.js';
import { encodeRefused, encodeTerminal } from '../message/terminal.js';
import { PROTOCOL, type WorkflowMessage } from '../message/workflow-message.js';
import { changed } from '../utils/changed.js';
import type { Clock } from '../utils/clock.js';
import { describeError } from '../utils/describe-error.js';
import { COMPLETED, FAILED, workflowOf } from './destinations.js';
import type { IncomingMessage, OutgoingMessage, WorkflowTransport } from './workflow.transport.js';

/** What became of one workflow message: the answer of `processWorkflowMessage`. */
export type HopResult =
  | { readonly success: true; readonly workflow_id: string; readonly step_id: string; readonly result?: unknown }
  | { readonly skipped: true; readonly reason: SkipReason }
  | { readonly retrying: true; readonly attempt: number; readonly nextAttempt: number }
  | { readonly dlq: true; readonly workflow_id?: string; readonly current_step?: string; readonly attempts: number; readonly error_ref: string }; // prettier-ignore

/** Why a message was not executed now: it is of the past, somebody else is at it, or it was put back. */
export type SkipReason = 'stale' | 'ended' | 'busy' | 'fenced' | 'unavailable' | 'closing' | 'unroutable';

/** Why a move could not be made. Nothing was published. */
export interface Obstacle {
  readonly obstacle: 'too-large' | 'unroutable';
  readonly error: OrchestratorError;
}

export interface RouterSettings {
  readonly service: string;
  /** Milliseconds until a message is tried again that the plumbing, not the run, held up. */
  readonly deferBy: number;
}

type End = Move & { readonly kind: 'complete' | 'fail' };

/** MESSAGE OUT: makes the move that was decided, confirmed by the transport before it resolves. */
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

  /** @throws Interrupted when what was executed could not be recorded: then nothing was published */
  async dispatch(transition: Transition, journal: HopJournal): Promise<HopResult | Obstacle> {
    const { run } = transition;
    switch (transition.kind) {
      case 'execute':
      case 'forward': {
        const obstacle = await this.send(run, journal, transition.service, 0, run.message.hops + 1);
        return obstacle ?? passedOn(run);
      }
      case 'delay': {
        const delay = this.delayOf(transition);
        const obstacle = await this.send(run, journal, this.settings.service, delay, run.message.hops);
        const { attempt } = run;
        return (
          obstacle ??
          ('ms' in transition ? { retrying: true, attempt: attempt - 1, nextAttempt: attempt } : passedOn(run))
        );
      }
      case 'complete':
      case 'fail':
        return this.end(run, journal, transition);
      case 'pause':
      case 'fork':
      case 'arrive':
        throw new TypeError(`A ${transition.kind} left its hop.`);
    }
  }

  /** A message that cannot be read, or makes no sense, goes to `workflow.failed` as it came, with the reason. */
  async refuse(
    { body, messageId }: IncomingMessage,
    error: OrchestratorError,
    message?: WorkflowMessage,
  ): Promise<HopResult> {
    const error_ref = `refused:${messageId}`;
    this.logger.error(`${error_ref} ${error.message}`);
    const envelope = encodeRefused(body, error, this.codec.limits, message);
    await this.publish({ destination: FAILED, body: envelope, messageId: error_ref });
    const known = message && { workflow_id: message.workflowId, current_step: message.currentStep };
    return { dlq: true, ...known, attempts: 0, error_ref };
  }

  /** Puts a message back, to be delivered again in `delay` milliseconds. */
  async putBack(message: WorkflowMessage, delay = this.settings.deferBy): Promise<void> {
    const body = this.codec.encodeMoved(message);
    await this.publish({ destination: workflowOf(this.settings.service), body, messageId: message.hopId, delay });
  }

  /** From now on nothing is held any more. */
  close(): void {
    this.closing = true;
  }

  private async send(
    run: Run,
    journal: HopJournal,
    service: string,
    delay: number,
    hops: number,
  ): Promise<Obstacle | undefined> {
    const message = this.next(run, journal, hops);
    try {
      const body = this.codec.encode(message);
      await journal.flush();
      await this.publish({ destination: workflowOf(service), body, messageId: message.hopId, delay });
      return undefined;
    } catch (error) {
      if (error instanceof UnroutableError) return { obstacle: 'unroutable', error };
      if (error instanceof MessageTooLargeError || error instanceof LimitExceededError)
        return { obstacle: 'too-large', error };
      throw error;
    }
  }

  /** Ends the run, once, and says so. */
  private async end(run: Run, journal: HopJournal, move: End): Promise<HopResult> {
    const status = move.kind === 'complete' ? 'completed' : 'failed';
    const output = move.kind === 'complete' ? move.output : undefined;
    const failure = move.kind === 'complete' ? undefined : move.failure;
    const steps = Object.fromEntries(run.outputs);
    const message = changed(asItStands(run), { seq: journal.holder.seq });
    const body = encodeTerminal({ status, message, steps, apiOutput: output, failure }, this.codec.limits);
    await journal.flush();
    await journal.end({ status, output, steps, failure });
    const { workflowId, epoch, currentStep } = message;
    const destination = status === 'completed' ? COMPLETED : FAILED;
    await this.publish({ destination, body, messageId: `${workflowId}:${epoch}:${status}` });
    this.events.run(status, message, this.settings.service, this.clock.now(), failure);
    if (failure === undefined) return { ...passedOn(run), result: output };
    const { ref = '', attempts = 0 } = failure;
    this.logger.error(`${ref} The run failed: ${failure.message}`);
    return { dlq: true, workflow_id: workflowId, current_step: currentStep, attempts, error_ref: ref };
  }

  /** The run's next message: a new one of its line. */
  private next(run: Run, journal: HopJournal, hops: number): WorkflowMessage {
    return changed(asItStands(run), {
      lenient: modeOf(run.message) === 'lenient' ? (true as const) : undefined,
      protocol: PROTOCOL,
      seq: journal.holder.seq + 1,
      hopId: randomUUID(),
      hops: run.ended > 0 ? 0 : hops,
    });
  }

  /** Milliseconds; never beyond the moment at which the run expires: it is to fail then, not later. */
  private delayOf(delay: Transition & { readonly kind: 'delay' }): number {
    const now = this.clock.now();
    const { expiresAt = Number.POSITIVE_INFINITY } = delay.run.message;
    const wanted = 'until' in delay ? delay.until - now : Math.max(this.random() * delay.ms, delay.after ?? 0);
    return Math.max(Math.min(wanted, expiresAt - now), 0);
  }

  /** Tries until the transport has accepted the message: until then it is held, and its place among the consumers with it. */
  private async publish(message: OutgoingMessage): Promise<void> {
    for (;;) {
      try {
        await this.transport.publish(message);
        return;
      } catch (error) {
        if (error instanceof UnroutableError) throw error;
        if (this.closing) throw new Interrupted('closing', { cause: error });
        this.logger.warn(
          `Not accepted by the transport, trying again: ${message.destination} (${describeError(error)})`,
        );
        await new Promise<void>((resolve) => this.clock.after(this.settings.deferBy, resolve));
      }
    }
  }
}

function passedOn({ message, current, plan }: Run): HopResult & { readonly success: true } {
  return {
    success: true,
    workflow_id: message.workflowId,
    step_id: current ?? plan.order.at(-1) ?? message.currentStep,
  };
}

/** The message of a run where it stands now; what concerned only the way of the one before is gone. */
function asItStands(run: Run): WorkflowMessage {
  return changed(changed(run.message, checkpoint(run)), { carry: undefined, unroutableSince: undefined });
}
