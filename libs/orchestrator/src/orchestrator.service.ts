import { randomUUID } from 'node:crypto';
import type { OnApplicationBootstrap } from '@nestjs/common';
import type { Observable } from 'rxjs';
import type { CallerId, Cookbook } from './cookbook/cookbook.js';
import { checkInput } from './cookbook/cookbook.input.js';
import { loadCookbooks } from './cookbook/cookbook.loader.js';
import { parseCookbook } from './cookbook/cookbook.parser.js';
import { definitionOf } from './cookbook/definition.js';
import { CookbookNotFoundError } from './errors/cookbook-not-found.error.js';
import { ResultTruncatedError } from './errors/result-truncated.error.js';
import { ResultTimeoutError } from './errors/result-timeout.error.js';
import { WorkflowFailedError } from './errors/workflow-failed.error.js';
import type { WorkflowEvents } from './events/workflow-events.js';
import type { WorkflowEvent } from './events/workflow.event.js';
import type { Hop } from './hop.js';
import type { MessageCodec } from './message/message.codec.js';
import { type Caller, type JsonObject, PROTOCOL, type WorkflowMessage } from './message/workflow-message.js';
import type { OperationRegistry } from './operations/operation.registry.js';
import type { Settings } from './orchestrator.options.js';
import type { ReferenceMode } from './references/scope.js';
import type { RunStatus, StateStore } from './state/state.store.js';
import { workflowOf } from './transports/destinations.js';
import type { HopResult } from './transports/router.js';
import type { WorkflowTransport } from './transports/workflow.transport.js';
import type { Clock } from './utils/clock.js';
import { describe } from './utils/describe.js';
import { type Duration, toMilliseconds } from './utils/duration.js';
import { nearest } from './utils/nearest.js';

/** What a run is started with, beside its cookbook. */
export interface StartOptions {
  /** The run's `api_input`; a JSON value. Default: the cookbook's own. */
  readonly input?: unknown;
  /** Names the run. Starting twice under one name starts one run, whatever the second input. Default: a random id. */
  readonly workflowId?: string;
  /** Follows the run through every service's events. Default: the `workflowId`. */
  readonly correlationId?: string;
  readonly tenantId?: CallerId;
  readonly workspaceId?: CallerId;
  readonly personId?: CallerId;
  /** Default: the module's `references`. */
  readonly references?: ReferenceMode;
  /** W3C trace context, carried to every handler. */
  readonly traceparent?: string;
  readonly tracestate?: string;
}

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
export class WorkflowOrchestrator implements OnApplicationBootstrap {
  /** Everything that happens to the runs of this application, of all its services. An observer that throws is an unhandled error, as in any Observable. */
  readonly events$: Observable<WorkflowEvent>;
  private loaded: ReadonlyMap<string, Cookbook> | undefined;

  constructor(
    private readonly settings: Settings,
    private readonly codec: MessageCodec,
    private readonly operations: OperationRegistry,
    private readonly state: StateStore,
    private readonly transport: WorkflowTransport,
    private readonly hop: Hop,
    private readonly events: WorkflowEvents,
    private readonly clock: Clock,
  ) {
    this.events$ = events.events$;
  }

  /** The cookbooks of the module's options, by name. */
  get cookbooks(): ReadonlyMap<string, Cookbook> {
    return (this.loaded ??= this.load());
  }

  /** Reads the cookbooks, so that their mistakes are found at boot. */
  onApplicationBootstrap(): void {
    this.loaded ??= this.load();
  }

  /**
   * Starts a run; resolves once the transport has accepted it.
   * @param cookbook the name of one of {@link cookbooks}, or a document
   * @throws CookbookNotFoundError, InvalidCookbookError, InvalidInputError (by the cookbook's `input_schema`),
   * MessageTooLargeError, LimitExceededError, UnroutableError: then there is no run
   */
  async start(cookbook: string | object, options: StartOptions = {}): Promise<{ readonly workflowId: string }> {
    const definition = this.definition(cookbook, options.references ?? this.settings.references);
    const own: unknown = typeof cookbook === 'string' ? definition.api_input : (cookbook as JsonObject)['api_input'];
    const input = options.input ?? own ?? {};
    checkInput(definition, input);
    const message = this.firstMessage(definition, input, options);
    const body = this.codec.encode(message);
    this.codec.decode(body); // what a service would refuse is refused here, while somebody is there to be told
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
    const { timeout, ...start } = options;
    const { workflowId } = await this.start(cookbook, start);
    return this.result<Output>(workflowId, timeout === undefined ? {} : { timeout });
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
    { timeout = '1m' }: ResultOptions = {},
  ): Promise<RunResult<Output>> {
    const ms = toMilliseconds(timeout);
    if (ms === undefined)
      throw new TypeError(`result: timeout must be a duration such as '30s' (got ${describe(timeout)}).`);
    const giveUp = new AbortController();
    const disarm = this.clock.after(ms, () => {
      giveUp.abort(
        new ResultTimeoutError(
          `Run "${workflowId}" has not ended within ${ms} ms. It goes on: ask again, or see status().`,
        ),
      );
    });
    try {
      const { failure, output, steps = {}, truncated } = await this.state.ended(workflowId, giveUp.signal);
      if (failure !== undefined) throw new WorkflowFailedError(workflowId, failure);
      if (truncated) throw new ResultTruncatedError(`Run "${workflowId}" has completed; its outputs were too large to be kept. They are in its message on workflow.completed.`); // prettier-ignore
      return { workflowId, output: output as Output, steps };
    } finally {
      disarm();
    }
  }

  /** How far a run is; `unknown` until a service has taken it up, and when its record is no longer kept. */
  status(workflowId: string): Promise<RunStatus> {
    return this.state.status(workflowId);
  }

  /**
   * Handles one workflow message as if a transport had delivered it: the seam for transports that this library does not
   * know. Resolves when the message may be acknowledged; rejects when it must come again.
   * @param message its JSON, or the object
   */
  processWorkflowMessage(message: string | object): Promise<HopResult> {
    const body = typeof message === 'string' ? message : JSON.stringify(message);
    return this.hop.handle({ body, messageId: randomUUID(), deliveries: 1 });
  }

  private load(): ReadonlyMap<string, Cookbook> {
    const { cookbooks, limits, references } = this.settings;
    return loadCookbooks(cookbooks, { limits, references, operations: this.operations });
  }

  private definition(cookbook: string | object, references: ReferenceMode): Cookbook {
    if (typeof cookbook === 'object') {
      const { limits } = this.settings;
      return parseCookbook(definitionOf(cookbook as JsonObject), { limits, references, operations: this.operations });
    }
    const known = this.cookbooks.get(cookbook);
    if (known !== undefined) return known;
    const names = [...this.cookbooks.keys()];
    const guess = nearest(cookbook, names);
    throw new CookbookNotFoundError(
      `Service "${this.settings.service}" has no cookbook "${cookbook}"${guess === undefined ? '' : `; did you mean "${guess}"?`} ` +
        `Known: ${names.join(', ') || 'none'}. See the option cookbooks.`,
    );
  }

  private firstMessage(cookbook: Cookbook, input: unknown, options: StartOptions): WorkflowMessage {
    const { workflowId = randomUUID(), correlationId = workflowId, traceparent, tracestate } = options;
    const { limits, references } = this.settings;
    const lifetime = Math.min(cookbook.global_timeout_ms ?? limits.lifetime, limits.lifetime);
    return {
      workflowId,
      correlationId,
      ...callerOf(options),
      cookbook: { ...cookbook, api_input: input },
      currentStep: cookbook.steps[0]?.step_id ?? '',
      attempt: 1,
      protocol: PROTOCOL,
      ...((options.references ?? references) === 'lenient' ? { lenient: true as const } : {}),
      epoch: 0,
      redo: 0,
      line: '',
      seq: 1,
      hopId: randomUUID(),
      hops: 0,
      expiresAt: this.clock.now() + lifetime,
      ...(traceparent === undefined ? {} : { traceparent }),
      ...(tracestate === undefined ? {} : { tracestate }),
    };
  }
}

function callerOf({ tenantId, workspaceId, personId }: StartOptions): Caller {
  return {
    ...(tenantId === undefined ? {} : { tenantId }),
    ...(workspaceId === undefined ? {} : { workspaceId }),
    ...(personId === undefined ? {} : { personId }),
  };
}
