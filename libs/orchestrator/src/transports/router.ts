import { Logger } from '@nestjs/common';
import { lineOf } from '../engine/parts.js';
import type { Run } from '../engine/run.js';
import { sealed } from '../engine/secrets/redact.js';
import type { Transition } from '../engine/transition.js';
import type { OrchestratorError } from '../errors/orchestrator.error.js';
import { classifyError } from '../execution/error-classifier.js';
import { UnroutableError } from '../errors/unroutable.error.js';
import type { WorkflowEvents } from '../events/workflow-events.js';
import type { Move } from '../execution/driver.js';
import type { HopJournal } from '../execution/hop-journal.js';
import { isTooLarge } from '../message/bounds.js';
import type { MessageCodec } from '../message/message.codec.js';
import { encodeHandOver, encodeTerminal } from '../message/terminal.js';
import type { WorkflowMessage } from '../message/workflow-message.js';
import type { EndStatus, RunSummary } from '../state/state.store.js';
import { summaryTexts } from '../state/summary.js';
import { changed } from '../utils/changed.js';
import type { Clock } from '../utils/clock.js';
import { COMPLETED, DELIVERY_REQUESTED, FAILED, isReplies, workflowOf } from './destinations.js';
import { asItStands, messageOf } from './next-message.js';
import type { PartsRouter } from './parts.router.js';
import type { Publisher } from './publisher.js';
import type { IncomingMessage } from './workflow.transport.js';

/** What became of one workflow message: the answer of `processWorkflowMessage`. */
export type HopResult =
  | { readonly success: true; readonly workflow_id: string; readonly step_id: string; readonly result?: unknown }
  | { readonly skipped: true; readonly reason: SkipReason }
  | { readonly retrying: true; readonly attempt: number; readonly nextAttempt: number }
  | { readonly dlq: true; readonly workflow_id?: string; readonly current_step?: string; readonly attempts: number; readonly error_ref: string }; // prettier-ignore

/** Why a message was not executed now: it is of the past, somebody else is at it, or it was put back. */
export type SkipReason =
  'stale' | 'ended' | 'busy' | 'fenced' | 'unavailable' | 'unpurged' | 'closing' | 'unroutable' | 'too-new';

/** Why a move could not be made. Nothing was published, but perhaps other parts of the same fork. */
export interface Obstacle {
  readonly obstacle: 'too-large' | 'unroutable';
  readonly error: OrchestratorError;
  /** The part of a fork that could not leave. */
  readonly part?: string;
}

type End = Transition & { readonly kind: 'complete' | 'fail' };

/** MESSAGE OUT: makes the move that was decided, confirmed by the transport before it resolves. */
export class Router {
  private readonly logger = new Logger(Router.name);

  constructor(
    private readonly service: string,
    private readonly publisher: Publisher,
    private readonly parts: PartsRouter,
    private readonly codec: MessageCodec,
    private readonly events: WorkflowEvents,
    private readonly clock: Clock,
    /** In [0, 1): for jitter. */
    private readonly random: () => number = () => Math.random(),
  ) {}

  /** @throws Interrupted when what was executed could not be recorded: then nothing was published */
  async dispatch(move: Move, journal: HopJournal): Promise<HopResult | Obstacle> {
    try {
      switch (move.kind) {
        case 'execute':
        case 'forward':
        case 'delay':
          return await this.send(move, journal);
        case 'leave': {
          const part = await this.parts.leave(move, journal, (each) => this.delayOf(each));
          return part === undefined
            ? passedOn(move.run)
            : { obstacle: 'unroutable', error: part.error, part: part.name };
        }
        case 'arrive':
          await journal.flush();
          await this.parts.arrive(move, journal);
          return passedOn(move.run);
        case 'hand_over':
          return await this.handOver(move.run, journal, move.output);
        case 'complete':
        case 'fail':
          return await this.end(sealed(move), journal);
        case 'pause':
        case 'fork':
          throw new TypeError(`A ${move.kind} left its hop.`);
      }
    } catch (error) {
      if (error instanceof UnroutableError) return { obstacle: 'unroutable', error };
      if (isTooLarge(error)) return { obstacle: 'too-large', error };
      throw error;
    }
  }

  private async send(move: Transition, journal: HopJournal): Promise<HopResult> {
    const { run } = move;
    const service = move.kind === 'execute' || move.kind === 'forward' ? move.service : this.service;
    const delay = this.delayOf(move);
    const { hops } = run.message;
    const message = messageOf(run, { seq: journal.holder.seq + 1, hops: move.kind === 'delay' ? hops : hops + 1 });
    const body = this.codec.encode(message);
    await journal.flush();
    await this.publisher.publish({ destination: workflowOf(service), body, messageId: message.hopId, delay });
    const backsOff = move.kind === 'delay' && 'ms' in move;
    return backsOff ? { retrying: true, attempt: run.attempt - 1, nextAttempt: run.attempt } : passedOn(run);
  }

  /** Ends the run, once, and says so. */
  private async end(move: End, journal: HopJournal): Promise<HopResult> {
    const { run } = move;
    const status: EndStatus = move.kind === 'complete' ? 'completed' : journal.cancelled ? 'cancelled' : 'failed';
    const output = move.kind === 'complete' ? move.output : undefined;
    const failure = move.kind === 'complete' ? undefined : move.failure;
    const steps = Object.fromEntries(run.outputs);
    const message = changed(asItStands(run), { line: lineOf(run), seq: journal.holder.seq });
    const body = encodeTerminal({ status, message, steps, apiOutput: output, failure }, this.codec.limits);
    const summary: RunSummary = { status, output, steps, failure };
    await journal.flush();
    await journal.end(summary);
    const { workflowId, epoch, currentStep, replyTo } = message;
    const destination = status === 'completed' ? COMPLETED : FAILED;
    const messageId = `${workflowId}:${epoch}:${status}`;
    await this.publisher.publish({ destination, body, messageId });
    if (replyTo !== undefined && isReplies(replyTo)) await this.reply(replyTo, workflowId, summary, messageId);
    this.events.run(status, message, this.service, this.clock.now(), failure);
    if (failure === undefined) return { ...passedOn(run), result: output };
    const { ref = '', attempts = 0 } = failure;
    this.logger.error(`${ref} The run ${status === 'failed' ? 'failed' : 'was cancelled'}: ${failure.message}`);
    return { dlq: true, workflow_id: workflowId, current_step: currentStep, attempts, error_ref: ref };
  }

  /**
   * Ends the run that a refused message names; what is told is the message as it came, with the reason.
   * @param summary how this very message has ended it before
   */
  async endRefused(
    incoming: IncomingMessage,
    refusal: OrchestratorError,
    message: WorkflowMessage,
    journal: HopJournal,
    summary?: RunSummary,
  ): Promise<HopResult> {
    const { workflowId, epoch, currentStep, replyTo } = message;
    const failure = { ...classifyError(refusal, 'engine'), path: currentStep, step: currentStep };
    const end = summary ?? { status: journal.cancelled ? ('cancelled' as const) : ('failed' as const), failure };
    if (summary === undefined) await journal.end(end);
    const error_ref = await this.publisher.refuse(incoming, refusal, message, end.status);
    if (replyTo !== undefined && isReplies(replyTo))
      await this.reply(replyTo, workflowId, end, `${workflowId}:${epoch}:${end.status}`);
    this.events.run(end.status, message, this.service, this.clock.now(), failure);
    return { dlq: true, workflow_id: workflowId, current_step: currentStep, attempts: 0, error_ref };
  }

  /** Gives the run to whoever delivers its output; it comes back as the next message of its line. */
  private async handOver(run: Run, journal: HopJournal, output: unknown): Promise<HopResult> {
    const message = messageOf(run, { seq: journal.holder.seq + 1, hops: 0 });
    const steps = Object.fromEntries(run.outputs);
    const body = encodeHandOver({ message, steps, apiOutput: output }, this.codec.limits);
    await journal.flush({ kind: 'hand_over' });
    const { workflowId, epoch } = message;
    await this.publisher.publish({
      destination: DELIVERY_REQUESTED,
      body,
      messageId: `${workflowId}:${epoch}:delivery_requested`,
    });
    this.events.run('delivery_requested', message, this.service, this.clock.now());
    return passedOn(run);
  }

  /** Tells whoever waits for the result and cannot read it in the run record. Best effort. */
  private async reply(destination: string, workflowId: string, summary: RunSummary, messageId: string): Promise<void> {
    const { whole, kept } = summaryTexts(summary);
    const text = Buffer.byteLength(whole) > this.codec.limits.messageBytes / 2 ? kept : whole;
    const body = `{"workflow_id":${JSON.stringify(workflowId)},"summary":${text}}`;
    await this.publisher.tryToPublish({ destination, body, messageId: `${messageId}:reply` });
  }

  /** Milliseconds; never beyond the moment at which the run expires: it is to fail then, not later. */
  private delayOf(move: Move): number {
    if (move.kind !== 'delay') return 0;
    const now = this.clock.now();
    const { expiresAt = Number.POSITIVE_INFINITY } = move.run.message;
    const wanted = 'until' in move ? move.until - now : Math.max(this.random() * move.ms, move.after ?? 0);
    return Math.max(Math.min(wanted, expiresAt - now), 0);
  }
}

function passedOn({ message, current, plan }: Run): HopResult & { readonly success: true } {
  return {
    success: true,
    workflow_id: message.workflowId,
    step_id: current ?? plan.order.at(-1) ?? message.currentStep,
  };
}
