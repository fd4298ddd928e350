import { randomUUID } from 'node:crypto';
import type { OnApplicationBootstrap, OnModuleDestroy } from '@nestjs/common';
import type { Observable } from 'rxjs';
import type { Cookbook } from './cookbook/cookbook.js';
import { InvalidArgumentError } from './errors/invalid-argument.error.js';
import { ResultTimeoutError } from './errors/result-timeout.error.js';
import { ResultTruncatedError } from './errors/result-truncated.error.js';
import { WorkflowFailedError } from './errors/workflow-failed.error.js';
import type { WorkflowEvents } from './events/workflow-events.js';
import type { WorkflowEvent } from './events/workflow.event.js';
import type { Deliveries } from './deliveries.js';
import type { DeliveryResult } from './engine/delivery.js';
import type { StartOptions } from './execution/first-message.js';
import type { RequeueOptions } from './execution/requeue.js';
import type { FailedRuns } from './failed-runs.js';
import type { RunRequeuer } from './run.requeuer.js';
import type { RunStarter } from './run.starter.js';
import type { RunStatus, RunSummary, StateStore } from './state/state.store.js';
import type { HopResult } from './transports/router.js';
import { asJson, refuseNonObject, refuseNonText, refuseUnknown } from './utils/arguments.js';
import type { Clock } from './utils/clock.js';
import { describe } from './utils/describe.js';
import { type Duration, toMilliseconds } from './utils/duration.js';
import type { WorkflowConsumer } from './workflow.consumer.js';

/** How a result is waited for. */
export interface ResultOptions {
  /** How long to wait for the run's end. Default `'1m'`. */
  readonly timeout?: Duration;
}

/** What a completed run came to. */
export interface RunResult<Output = unknown> {
  readonly workflowId: string;
  /** Output of the last step. */
  readonly output: Output;
  /** Outputs by id of top-level step. */
  readonly steps: Readonly<Record<string, unknown>>;
}

/**
 * Starts runs and tells of them.
 *
 * @example
 * const { output, steps } = await orchestrator.run('order-to-cash', { input: { order_id: 7 }, tenantId: 'acme' });
 */
export class WorkflowOrchestrator implements OnApplicationBootstrap, OnModuleDestroy {
  /** Everything that happens to the runs of this application, of all its services. An observer that throws is an unhandled error, as in any Observable. */
  readonly events$: Observable<WorkflowEvent>;
  private hasBegun = false;
  private readonly waiting = new Set<AbortController>();

  constructor(
    private readonly starter: RunStarter,
    private readonly requeuer: RunRequeuer,
    /** The runs that failed: `failed.list()`, `failed.get(id)`. */
    readonly failed: FailedRuns,
    private readonly deliveries: Deliveries,
    private readonly state: StateStore,
    private readonly consumer: WorkflowConsumer,
    private readonly clock: Clock,
    events: WorkflowEvents,
  ) {
    this.events$ = events.events$;
  }

  /** The cookbooks of the module's options, by name. */
  get cookbooks(): ReadonlyMap<string, Cookbook> {
    return this.starter.cookbooks;
  }

  /** Reads the cookbooks, so that their mistakes are found at boot. */
  onApplicationBootstrap(): void {
    this.starter.readCookbooks();
    this.hasBegun = true;
  }

  /** Whoever still waits for a result is told that it will not come here. */
  onModuleDestroy(): void {
    for (const each of this.waiting)
      each.abort(new ResultTimeoutError('The application closed before the run had ended.'));
  }

  /**
   * Starts a run; resolves once the transport has accepted it.
   * @param cookbook the name of one of {@link cookbooks}, or a document
   * @throws CookbookNotFoundError, InvalidCookbookError, InvalidArgumentError, InvalidInputError (by the cookbook's
   * `input_schema`), MessageTooLargeError, LimitExceededError, UnroutableError: then there is no run
   */
  async start(cookbook: string | object, options: StartOptions = {}): Promise<{ readonly workflowId: string }> {
    return { workflowId: await this.starter.start(cookbook, options) };
  }

  /** `start`, then `result`. */
  async run<Output = unknown>(
    cookbook: string | object,
    options: StartOptions & ResultOptions = {},
  ): Promise<RunResult<Output>> {
    refuseNonObject('run: the options', options);
    const { timeout = DEFAULT_TIMEOUT, workflowId = randomUUID(), ...start } = options;
    const ms = waitOf(timeout);
    const end = this.endOf(workflowId); // before it is started: outputs that are large are told, and not kept
    try {
      await this.state.listening(workflowId);
      await this.start(cookbook, { ...start, workflowId });
      return await this.resultOf<Output>(workflowId, end, ms);
    } finally {
      this.waiting.delete(end.giveUp);
      end.giveUp.abort('the run has ended, or was not started'); // without a reason an error would be made for each run
    }
  }

  /**
   * What the run came to, when it has ended. Works in any process that shares the run record, also after the end.
   *
   * Outputs of more than 64 kB in all are given to those who wait for the end in the process that sees it, and are not kept.
   * @throws WorkflowFailedError when it failed, ResultTimeoutError when it has not ended in time; it goes on then;
   * ResultTruncatedError when its outputs were not kept
   */
  async result<Output = unknown>(workflowId: string, options: ResultOptions = {}): Promise<RunResult<Output>> {
    refuseNonText('result: the workflowId', workflowId);
    refuseUnknown('result', options, ['timeout']);
    const { timeout = DEFAULT_TIMEOUT } = options;
    const ms = waitOf(timeout);
    return this.resultOf<Output>(workflowId, this.endOf(workflowId), ms);
  }

  /** How far a run is; `unknown` until a service has taken it up, and when its record is no longer kept. */
  async status(workflowId: string): Promise<RunStatus> {
    refuseNonText('status: the workflowId', workflowId);
    return this.state.status(workflowId);
  }

  /**
   * Lets a run end as cancelled, on `workflow.failed` with RUN_CANCELLED: between two steps, or when the step at work has
   * settled, whose `context.signal` is aborted. Also before anybody has taken the run up. What it has done stays done.
   * Resolves with the status once that is noted, `cancelling`; that of a run that has ended is left as it is. Without run
   * records (`state: false`) nothing can be noted: the status is `unknown`.
   */
  async cancel(workflowId: string): Promise<RunStatus> {
    refuseNonText('cancel: the workflowId', workflowId);
    return this.state.cancel(workflowId);
  }

  /**
   * Tries a run again that failed or was cancelled: from the step that failed, with its outputs so far and the idempotency keys
   * of its steps; its attempts count anew, and so does its lifetime. With `from`, or with an `input` that is another than before
   * (not only whole again), every step has a new key.
   * @param run its id, while `failed` lists it; what `failed` lists of it; or its message from `workflow.failed`
   * @throws RunNotRequeuableError when it has not ended so, or was requeued since; SensitiveInputRequiredError when its secrets,
   * which were removed, are not in `input`; InvalidArgumentError, InvalidInputError, InvalidMessageError, InvalidCookbookError,
   * MessageTooLargeError, UnroutableError: then nothing has changed
   */
  async requeue(run: string | object, options: RequeueOptions = {}): Promise<{ readonly workflowId: string }> {
    refuseUnknown('requeue', options, ['from', 'input']);
    return { workflowId: await this.requeuer.requeue(run, options) };
  }

  /**
   * Goes on with a run that was handed over, where no service has the option `deliver`; resolves once the transport has
   * accepted it. Of several results the run goes on with the first that arrives.
   * @param run its id, while the transport keeps its message; or its message from `workflow.delivery_requested`
   * @throws DeliveryResultError for the result; InvalidArgumentError when the run is not handed over; InvalidMessageError,
   * InvalidCookbookError, MessageTooLargeError, LimitExceededError, UnroutableError: then nothing has changed
   */
  async resume(run: string | object, result: DeliveryResult): Promise<{ readonly workflowId: string }> {
    return { workflowId: await this.deliveries.resume(run, result) };
  }

  /**
   * Handles one workflow message as if a transport had delivered it: the seam for transports that this library does not
   * know. Resolves when the message may be acknowledged; rejects when it must come again. Waits until the application is up.
   * @param message its JSON, or the object
   * @throws InvalidArgumentError for what is no JSON, TransportClosedError once the application closes
   */
  async processWorkflowMessage(message: string | object): Promise<HopResult> {
    const body = typeof message === 'string' ? message : asJson('processWorkflowMessage: the message', message);
    return this.consumer.handle(body);
  }

  private endOf(workflowId: string): End {
    const giveUp = new AbortController();
    this.waiting.add(giveUp);
    const summary = this.state.ended(workflowId, giveUp.signal);
    summary.catch(() => undefined); // who awaits it is told
    return { summary, giveUp };
  }

  private async resultOf<Output>(workflowId: string, { summary, giveUp }: End, ms: number): Promise<RunResult<Output>> {
    const disarm = this.clock.after(ms, () => {
      const abort = (reason: unknown): void => {
        giveUp.abort(reason);
      };
      void this.overdue(workflowId, ms).then(abort, abort);
    });
    try {
      const { failure, output, steps = {}, truncated } = await summary;
      if (failure !== undefined) throw new WorkflowFailedError(workflowId, failure);
      if (truncated) throw new ResultTruncatedError(`Run "${workflowId}" has completed; its outputs were too large to be kept. They are in its message on workflow.completed.`); // prettier-ignore
      return { workflowId, output: output as Output, steps };
    } finally {
      disarm();
      this.waiting.delete(giveUp);
    }
  }

  private async overdue(workflowId: string, ms: number): Promise<ResultTimeoutError> {
    const { status } = await this.state.status(workflowId).catch(() => ({ status: 'running' }));
    const late = `Run "${workflowId}" has not ended within ${ms} ms. `;
    if (!this.hasBegun) return new ResultTimeoutError(`${late}This application has not started yet: it takes messages from onApplicationBootstrap on. Call app.init() or app.listen() first.`); // prettier-ignore
    if (status === 'unknown') return new ResultTimeoutError(`${late}No service has taken it up: check the id; it may also have ended too long ago.`); // prettier-ignore
    if (status === 'delivery_requested') return new ResultTimeoutError(`${late}It waits for its delivery: give a service the option deliver, or go on with resume().`); // prettier-ignore
    return new ResultTimeoutError(`${late}It goes on: ask again, or see status().`);
  }
}

/** The end of a run, as somebody waits for it. */
interface End {
  readonly summary: Promise<RunSummary>;
  readonly giveUp: AbortController;
}

const DEFAULT_TIMEOUT = '1m';

function waitOf(timeout: Duration): number {
  const ms = toMilliseconds(timeout);
  if (ms !== undefined) return ms;
  throw new InvalidArgumentError(`result: timeout must be a duration such as '30s' (got ${describe(timeout)}).`);
}
