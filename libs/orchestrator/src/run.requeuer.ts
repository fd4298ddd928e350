import { Logger } from '@nestjs/common';
import { modeOf, resume } from './engine/advance.js';
import { restore } from './engine/checkpoint.js';
import type { Run } from './engine/run.js';
import { lostSecrets } from './engine/secrets/requeue.js';
import { OrchestratorError } from './errors/orchestrator.error.js';
import { RunNotRequeuableError } from './errors/run-not-requeuable.error.js';
import { SensitiveInputRequiredError } from './errors/sensitive-input-required.error.js';
import { checkInput } from './cookbook/cookbook.input.js';
import type { WorkflowEvents } from './events/workflow-events.js';
import type { Planner } from './execution/planner.js';
import { requeued, type RequeueOptions } from './execution/requeue.js';
import type { MessageCodec } from './message/message.codec.js';
import { describeFailed, messageOfTerminal } from './message/terminal.js';
import type { WorkflowMessage } from './message/workflow-message.js';
import type { Settings } from './orchestrator.options.js';
import type { RunStatus, StateStore } from './state/state.store.js';
import { FAILED, workflowOf } from './transports/destinations.js';
import { messageOf } from './transports/next-message.js';
import type { KeptMessage, WorkflowTransport } from './transports/workflow.transport.js';
import { asJson } from './utils/arguments.js';
import type { Clock } from './utils/clock.js';
import { describeError } from './utils/describe-error.js';
import { isRecord } from './utils/is-record.js';

/** A run that ended, and the message that says so where the transport keeps it. */
interface FailedMessage {
  readonly run: Run;
  readonly kept?: KeptMessage;
}

/** Tries runs again that failed or were cancelled. */
export class RunRequeuer {
  private readonly logger = new Logger(RunRequeuer.name);

  constructor(
    private readonly settings: Settings,
    private readonly codec: MessageCodec,
    private readonly planner: Planner,
    private readonly state: StateStore,
    private readonly transport: WorkflowTransport,
    private readonly events: WorkflowEvents,
    private readonly clock: Clock,
  ) {}

  /** See `WorkflowOrchestrator.requeue`. */
  async requeue(failed: string | object, options: RequeueOptions): Promise<string> {
    const { run, kept } =
      typeof failed === 'string'
        ? await this.keptOf(failed)
        : { run: this.read(asJson('requeue: the message', envelopeOf(failed))) };
    const { workflowId } = run.message;
    await this.refuseLiving(run.message);
    if (options.input !== undefined) checkInput(run.plan.cookbook, options.input);

    const { lifetime } = this.settings.limits;
    const now = this.clock.now();
    const again = requeued(run, options, now + Math.min(run.plan.cookbook.global_timeout_ms ?? lifetime, lifetime));
    const lost = lostSecrets(again);
    if (lost.length > 0) throw new SensitiveInputRequiredError(workflowId, lost);
    const message = messageOf(again, { seq: (run.message.seq ?? 0) + 1, hops: 0 });
    const body = this.codec.encode(message);
    const next = resume(again);
    const service = next.kind === 'execute' || next.kind === 'forward' ? next.service : this.settings.service;
    await this.transport.publish({ destination: workflowOf(service), body, messageId: message.hopId });
    await this.reopen(message);
    if (kept !== undefined) await this.transport.remove(FAILED, kept.messageId);
    this.events.run('requeued', message, this.settings.service, now);
    this.logger.log(`Run "${workflowId}" is tried again, from step "${message.currentStep}".`);
    return workflowId;
  }

  /** So that whoever asks hears of the new round. It is under way already: its claim says the same. */
  private async reopen({ workflowId, epoch, expiresAt }: WorkflowMessage): Promise<void> {
    await this.state.reopen(workflowId, epoch, expiresAt).catch((error: unknown) => {
      this.logger.warn(`Run "${workflowId}" is tried again; its record does not say so yet (${describeError(error)}).`);
    });
  }

  /** The newest that can be read: of a message that was refused since it is its sender's affair that it cannot. */
  private async keptOf(workflowId: string): Promise<FailedMessage> {
    let unreadable: OrchestratorError | undefined;
    for (const kept of newestFirst(await this.transport.browse(FAILED), workflowId)) {
      try {
        return { run: this.read(kept.body), kept };
      } catch (error) {
        if (!(error instanceof OrchestratorError)) throw error;
        unreadable ??= error;
      }
    }
    if (unreadable !== undefined) throw unreadable;
    throw notRequeuable(workflowId, (await this.state.status(workflowId)).status);
  }

  private read(body: string): Run {
    const message = messageOfTerminal(body, this.codec);
    const plan = this.planner.plan(message.cookbook, modeOf(message));
    return restore(message, plan, this.settings.service, this.clock.now());
  }

  /** Only what has ended can be tried again, and only from where it ended last. */
  private async refuseLiving({ workflowId, epoch, line, seq = 0 }: WorkflowMessage): Promise<void> {
    const [{ status }, newest = epoch] = await Promise.all([
      this.state.status(workflowId),
      this.state.epoch(workflowId),
    ]);
    if (newest > epoch) {
      throw new RunNotRequeuableError(`Run "${workflowId}" was requeued since: this message is of epoch ${epoch}, the run is in epoch ${newest}. Requeue it from its newest message on workflow.failed.`); // prettier-ignore
    }
    if (status === 'unknown' || status === 'failed' || status === 'cancelled') return;
    // Its end is at hand: a record that is no further has lost it.
    const hasEnded = status !== 'completed' && (await this.state.expects({ workflowId, epoch, line, seq: seq + 1 }));
    if (!hasEnded) throw notRequeuable(workflowId, status);
  }
}

/** What `failed` lists holds its message. */
function envelopeOf(failed: object): object {
  const { envelope } = isRecord(failed) ? failed : {};
  return isRecord(envelope) ? envelope : failed;
}

/** Of a run's failures the last one first, whichever was published again since. */
function newestFirst(all: readonly KeptMessage[], workflowId: string): readonly KeptMessage[] {
  return all
    .map((kept, arrival) => ({ kept, arrival, failed: describeFailed(kept.body) }))
    .filter(({ failed }) => failed.workflowId === workflowId)
    .sort((a, b) => b.failed.epoch - a.failed.epoch || b.arrival - a.arrival)
    .map(({ kept }) => kept);
}

/** What to do about a run that cannot be tried again as it is. */
function notRequeuable(workflowId: string, status: RunStatus['status']): RunNotRequeuableError {
  const notKept =
    'its message is not kept any more, or not published yet. Ask again, or give its message from workflow.failed instead of its id.';
  const why = {
    unknown:
      'no service has taken it up, or it is forgotten. Check the id, or give its message from workflow.failed instead.',
    running: 'it is still running. Wait for its end, or cancel it.',
    cancelling: 'it is being cancelled. Wait for its end.',
    delivery_requested: 'it waits for its delivery. Go on with resume().',
    completed: 'it has completed: there is nothing to try again.',
    failed: notKept,
    cancelled: notKept,
  }[status];
  return new RunNotRequeuableError(`Run "${workflowId}" cannot be requeued (status: ${status}): ${why}`);
}
