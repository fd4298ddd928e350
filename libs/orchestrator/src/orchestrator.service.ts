import { randomUUID } from 'node:crypto';
import type { OnApplicationBootstrap, OnModuleDestroy } from '@nestjs/common';
import type { Observable } from 'rxjs';
import type { Cookbook } from './cookbook/cookbook.js';
import { checkInput } from './cookbook/cookbook.input.js';
import { loadCookbooks } from './cookbook/cookbook.loader.js';
import { parseCookbook } from './cookbook/cookbook.parser.js';
import { definitionOf } from './cookbook/definition.js';
import { stepsOf } from './cookbook/step-tree.js';
import { CookbookNotFoundError } from './errors/cookbook-not-found.error.js';
import { InvalidArgumentError } from './errors/invalid-argument.error.js';
import { OrchestratorError } from './errors/orchestrator.error.js';
import { ResultTimeoutError } from './errors/result-timeout.error.js';
import { ResultTruncatedError } from './errors/result-truncated.error.js';
import { TransportClosedError } from './errors/transport-closed.error.js';
import { UnroutableError } from './errors/unroutable.error.js';
import { WorkflowFailedError } from './errors/workflow-failed.error.js';
import type { WorkflowEvents } from './events/workflow-events.js';
import type { WorkflowEvent } from './events/workflow.event.js';
import type { DeliveryResult } from './engine/delivery.js';
import { firstMessage, type StartOptions } from './execution/first-message.js';
import type { Planner } from './execution/planner.js';
import { readHandOver, resumeMessage } from './execution/resume-message.js';
import type { Hop } from './hop.js';
import type { MessageCodec } from './message/message.codec.js';
import type { JsonObject, WorkflowMessage } from './message/workflow-message.js';
import type { OperationRegistry } from './operations/operation.registry.js';
import type { Settings } from './orchestrator.options.js';
import type { ReferenceMode } from './references/scope.js';
import type { ServiceDirectory } from './service-directory.js';
import type { RunStatus, StateStore } from './state/state.store.js';
import { workflowOf } from './transports/destinations.js';
import type { HopResult } from './transports/router.js';
import type { WorkflowTransport } from './transports/workflow.transport.js';
import type { Clock } from './utils/clock.js';
import { describe } from './utils/describe.js';
import { describeError } from './utils/describe-error.js';
import { type Duration, toMilliseconds } from './utils/duration.js';
import { isRecord } from './utils/is-record.js';

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
  private loaded: ReadonlyMap<string, Cookbook> | undefined;
  private closed = false;
  private readonly waiting = new Set<AbortController>();
  private begin: () => void = () => undefined;
  private readonly begun = new Promise<void>((resolve) => (this.begin = resolve));

  constructor(
    private readonly settings: Settings,
    private readonly codec: MessageCodec,
    private readonly services: ServiceDirectory,
    private readonly operations: OperationRegistry,
    private readonly state: StateStore,
    private readonly transport: WorkflowTransport,
    private readonly hop: Hop,
    private readonly events: WorkflowEvents,
    private readonly clock: Clock,
    private readonly planner: Planner,
  ) {
    this.events$ = events.events$;
  }

  /** The cookbooks of the module's options, by name. */
  get cookbooks(): ReadonlyMap<string, Cookbook> {
    return this.loaded ?? this.load();
  }

  /** Reads the cookbooks, so that their mistakes are found at boot. */
  onApplicationBootstrap(): void {
    this.loaded = this.load();
    this.begin();
  }

  /** Whoever still waits for a result is told that it will not come here. */
  onModuleDestroy(): void {
    this.closed = true;
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
    refuseNonObject('start: the options', options);
    const { references = this.settings.references } = options;
    const definition = this.definition(cookbook, references);
    const own: unknown = typeof cookbook === 'string' ? definition.api_input : (cookbook as JsonObject)['api_input'];
    const input = options.input === undefined ? (own ?? {}) : options.input;
    checkInput(definition, input);
    const { lifetime } = this.settings.limits;
    const message = firstMessage(definition, input, { ...options, references }, lifetime, this.clock.now());
    const body = this.encoded(message);
    const destination = workflowOf(definition.steps[0]?.service ?? this.settings.service);
    await this.transport.publish({ destination, body, messageId: message.hopId });
    this.events.run('started', message, this.settings.service, this.clock.now());
    return { workflowId: message.workflowId };
  }

  /** `start`, then `result`. */
  async run<Output = unknown>(
    cookbook: string | object,
    options: StartOptions & ResultOptions = {},
  ): Promise<RunResult<Output>> {
    const { timeout = DEFAULT_TIMEOUT, ...start } = options;
    waitOf(timeout);
    const { workflowId } = await this.start(cookbook, start);
    return this.result<Output>(workflowId, { timeout });
  }

  /**
   * What the run came to, when it has ended. Works in any process that shares the run record, also after the end.
   *
   * Outputs of more than 64 kB in all are given to those who wait for the end in the process that sees it, and are not kept.
   * @throws WorkflowFailedError when it failed, ResultTimeoutError when it has not ended in time; it goes on then;
   * ResultTruncatedError when its outputs were not kept
   */
  async result<Output = unknown>(
    workflowId: string,
    { timeout = DEFAULT_TIMEOUT }: ResultOptions = {},
  ): Promise<RunResult<Output>> {
    const ms = waitOf(timeout);
    const giveUp = new AbortController();
    this.waiting.add(giveUp);
    const disarm = this.clock.after(ms, () => {
      void this.overdue(workflowId, ms).then((reason) => {
        giveUp.abort(reason);
      });
    });
    try {
      const { failure, output, steps = {}, truncated } = await this.state.ended(workflowId, giveUp.signal);
      if (failure !== undefined) throw new WorkflowFailedError(workflowId, failure);
      if (truncated) throw new ResultTruncatedError(`Run "${workflowId}" has completed; its outputs were too large to be kept. They are in its message on workflow.completed.`); // prettier-ignore
      return { workflowId, output: output as Output, steps };
    } finally {
      disarm();
      this.waiting.delete(giveUp);
    }
  }

  /** How far a run is; `unknown` until a service has taken it up, and when its record is no longer kept. */
  status(workflowId: string): Promise<RunStatus> {
    return this.state.status(workflowId);
  }

  /**
   * Goes on with a run that was handed over, for whoever takes `workflow.delivery_requested` without the option `deliver`; resolves
   * once the transport has accepted it. Of several results the run goes on with the first that arrives.
   * @param message that of `workflow.delivery_requested`: its JSON, or the object
   * @throws DeliveryResultError for the result; InvalidArgumentError, InvalidMessageError, InvalidCookbookError for the message;
   * MessageTooLargeError, LimitExceededError for both together; UnroutableError: then nothing has happened
   */
  async resume(message: string | object, result: DeliveryResult): Promise<{ readonly workflowId: string }> {
    const body = typeof message === 'string' ? message : asJson('resume: the message', message);
    const handedOver = readHandOver(body, this.codec, this.planner);
    const { service = this.settings.service, ...resume } = resumeMessage(handedOver, result, this.codec);
    await this.transport.publish({ destination: workflowOf(service), ...resume });
    return { workflowId: handedOver.message.workflowId };
  }

  /**
   * Handles one workflow message as if a transport had delivered it: the seam for transports that this library does not
   * know. Resolves when the message may be acknowledged; rejects when it must come again. Waits until the application is up.
   * @param message its JSON, or the object
   * @throws InvalidArgumentError for what is no JSON, TransportClosedError once the application closes
   */
  async processWorkflowMessage(message: string | object): Promise<HopResult> {
    const body = typeof message === 'string' ? message : asJson('processWorkflowMessage: the message', message);
    await this.begun;
    if (this.closed) throw new TransportClosedError(this.settings.service, 'handle a message');
    return this.hop.handle({ body, messageId: randomUUID(), deliveries: 1 });
  }

  private load(): ReadonlyMap<string, Cookbook> {
    const { cookbooks, limits, references } = this.settings;
    const loaded = loadCookbooks(cookbooks, { limits, references, operations: this.operations });
    for (const cookbook of loaded.values()) this.refuseStrangers(cookbook);
    return loaded;
  }

  private definition(cookbook: string | object, references: ReferenceMode): Cookbook {
    if (isRecord(cookbook)) {
      const { limits } = this.settings;
      const document = JSON.parse(asJson('start: the cookbook', cookbook)) as JsonObject;
      const definition = parseCookbook(definitionOf(document), { limits, references, operations: this.operations });
      this.refuseStrangers(definition);
      return definition;
    }
    if (typeof cookbook !== 'string') {
      throw new InvalidArgumentError(`start: the cookbook must be a name or a document (got ${describe(cookbook)}).`);
    }
    const known = this.cookbooks.get(cookbook);
    if (known !== undefined) return known;
    const { service } = this.settings;
    const others = this.services.names.filter((name) => name !== service);
    throw new CookbookNotFoundError(service, cookbook, [...this.cookbooks.keys()], others);
  }

  /** Where no other process can be reached, a service that is not here is a mistake. @throws UnroutableError */
  private refuseStrangers(cookbook: Cookbook): void {
    if (this.transport.capabilities.durable) return;
    const { names } = this.services;
    for (const { step } of stepsOf(cookbook as unknown as JsonObject)) {
      const { service } = step as { readonly service?: string };
      if (service !== undefined && !names.includes(service))
        throw new UnroutableError(workflowOf(service), names.map(workflowOf));
    }
  }

  /** What a service would refuse is refused here, while somebody is there to be told. */
  private encoded(message: WorkflowMessage): string {
    try {
      const body = this.codec.encode(message);
      this.codec.decode(body);
      return body;
    } catch (error) {
      if (error instanceof OrchestratorError) throw error;
      throw new InvalidArgumentError(`start: the input must be JSON (${describeError(error)}).`, { cause: error });
    }
  }

  private async overdue(workflowId: string, ms: number): Promise<ResultTimeoutError> {
    const { status } = await this.state.status(workflowId).catch(() => ({ status: 'running' }));
    const late = `Run "${workflowId}" has not ended within ${ms} ms. `;
    if (this.loaded === undefined) return new ResultTimeoutError(`${late}This application has not started yet: it takes messages from onApplicationBootstrap on. Call app.init() or app.listen() first.`); // prettier-ignore
    if (status === 'unknown') return new ResultTimeoutError(`${late}No service has taken it up: check the id; it may also have ended too long ago.`); // prettier-ignore
    if (status === 'delivery_requested') return new ResultTimeoutError(`${late}It waits for its delivery: give a service the option deliver, or go on with resume().`); // prettier-ignore
    return new ResultTimeoutError(`${late}It goes on: ask again, or see status().`);
  }
}

const DEFAULT_TIMEOUT = '1m';

function waitOf(timeout: Duration): number {
  const ms = toMilliseconds(timeout);
  if (ms !== undefined) return ms;
  throw new InvalidArgumentError(`result: timeout must be a duration such as '30s' (got ${describe(timeout)}).`);
}

function refuseNonObject(what: string, value: unknown): void {
  if (!isRecord(value)) throw new InvalidArgumentError(`${what} must be an object (got ${describe(value)}).`);
}

function asJson(what: string, document: object): string {
  refuseNonObject(what, document);
  try {
    return JSON.stringify(document);
  } catch (error) {
    throw new InvalidArgumentError(`${what} must be JSON (${describeError(error)}).`, { cause: error });
  }
}
