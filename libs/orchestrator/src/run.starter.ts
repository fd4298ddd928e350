import { checkInput } from './cookbook/cookbook.input.js';
import { loadCookbooks } from './cookbook/cookbook.loader.js';
import { parseCookbook } from './cookbook/cookbook.parser.js';
import type { Cookbook } from './cookbook/cookbook.js';
import { definitionOf } from './cookbook/definition.js';
import { stepsOf } from './cookbook/step-tree.js';
import { CookbookNotFoundError } from './errors/cookbook-not-found.error.js';
import { InvalidArgumentError } from './errors/invalid-argument.error.js';
import { OrchestratorError } from './errors/orchestrator.error.js';
import { UnroutableError } from './errors/unroutable.error.js';
import type { WorkflowEvents } from './events/workflow-events.js';
import { firstMessage, type StartOptions } from './execution/first-message.js';
import type { MessageCodec } from './message/message.codec.js';
import type { JsonObject, WorkflowMessage } from './message/workflow-message.js';
import type { OperationRegistry } from './operations/operation.registry.js';
import type { Settings } from './orchestrator.options.js';
import type { Replies } from './replies.js';
import type { ReferenceMode } from './references/scope.js';
import type { ServiceDirectory } from './service-directory.js';
import { workflowOf } from './transports/destinations.js';
import type { WorkflowTransport } from './transports/workflow.transport.js';
import { asJson, refuseNonObject } from './utils/arguments.js';
import type { Clock } from './utils/clock.js';
import { describe } from './utils/describe.js';
import { describeError } from './utils/describe-error.js';
import { isRecord } from './utils/is-record.js';

/** Starts runs: checks everything that can be checked while somebody is there to be told, then sends the first message. */
export class RunStarter {
  private loaded: ReadonlyMap<string, Cookbook> | undefined;

  constructor(
    private readonly settings: Settings,
    private readonly codec: MessageCodec,
    private readonly services: ServiceDirectory,
    private readonly operations: OperationRegistry,
    private readonly transport: WorkflowTransport,
    private readonly replies: Replies,
    private readonly events: WorkflowEvents,
    private readonly clock: Clock,
  ) {}

  /** The cookbooks of the module's options, by name; read when they are first asked for. */
  get cookbooks(): ReadonlyMap<string, Cookbook> {
    return (this.loaded ??= this.load());
  }

  /** Finds the mistakes in the cookbooks of the module's options. @throws InvalidCookbookError, UnroutableError */
  readCookbooks(): void {
    this.loaded = this.load();
  }

  /** @returns the run's id */
  async start(cookbook: string | object, options: StartOptions): Promise<string> {
    refuseNonObject('start: the options', options);
    const { references = this.settings.references } = options;
    const definition = this.definition(cookbook, references);
    const own: unknown = typeof cookbook === 'string' ? definition.api_input : (cookbook as JsonObject)['api_input'];
    const input = options.input === undefined ? (own ?? {}) : options.input;
    checkInput(definition, input);
    const { lifetime } = this.settings.limits;
    const first = firstMessage(definition, input, { ...options, references }, lifetime, this.clock.now());
    const { destination: replyTo } = this.replies;
    const message = replyTo === undefined ? first : { ...first, replyTo };
    const body = this.encoded(message);
    const destination = workflowOf(definition.steps[0]?.service ?? this.settings.service);
    await this.transport.publish({ destination, body, messageId: message.hopId });
    this.events.run('started', message, this.settings.service, this.clock.now());
    return message.workflowId;
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
    if (this.transport.shared) return;
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
}
