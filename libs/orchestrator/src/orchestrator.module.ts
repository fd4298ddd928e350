import { type DynamicModule, type FactoryProvider, Logger, Module, type Provider } from '@nestjs/common';
import { ModuleRef, ModulesContainer } from '@nestjs/core';
import { Brackets, longestTtlOf } from './cache/brackets.js';
import { cacheOf } from './cache/cache.stores.js';
import type { Coherence } from './cache/coherence.js';
import { MemoryCoherence } from './cache/memory/memory.coherence.js';
import { StepCache } from './cache/step-cache.js';
import { StepCaches } from './cache/step-caches.js';
import { getOrchestratorToken, getStepCacheToken } from './decorators/inject-orchestrator.decorator.js';
import { classifyError } from './execution/error-classifier.js';
import { Deliveries } from './deliveries.js';
import { DeliveryConsumer } from './delivery.consumer.js';
import { ConfigurationError } from './errors/configuration.error.js';
import { Driver } from './execution/driver.js';
import { ForkMode } from './execution/fork-mode.js';
import { MessageReader } from './execution/message.reader.js';
import { Planner } from './execution/planner.js';
import { StepCoherence } from './execution/step-coherence.js';
import { TaskRunner } from './execution/task.runner.js';
import { WorkflowEvents } from './events/workflow-events.js';
import { FailedRuns } from './failed-runs.js';
import { Hop } from './hop.js';
import { MessageCodec } from './message/message.codec.js';
import { OperationRegistry } from './operations/operation.registry.js';
import { OrchestratorCoreModule } from './orchestrator-core.module.js';
import {
  type ASYNC_OPTIONS_TYPE,
  ConfigurableModuleClass,
  MODULE_OPTIONS_TOKEN,
  type OrchestratorModuleExtras,
} from './orchestrator.module-definition.js';
import { type OrchestratorModuleOptions, type Settings, settingsOf } from './orchestrator.options.js';
import { WorkflowOrchestrator } from './orchestrator.service.js';
import { Replies } from './replies.js';
import { RunRequeuer } from './run.requeuer.js';
import { RunStarter } from './run.starter.js';
import { ServiceDirectory } from './service-directory.js';
import { MemoryStateStore } from './state/memory/memory.store.js';
import { UnrecordedStore } from './state/none/unrecorded.store.js';
import { TimedStore } from './state/timed.store.js';
import { StateStore } from './state/state.store.js';
import { MemoryBroker } from './transports/memory/memory.broker.js';
import { MemoryTransport } from './transports/memory/memory.transport.js';
import { PartsRouter } from './transports/parts.router.js';
import { promisesOf } from './transports/promises.js';
import { Publisher } from './transports/publisher.js';
import { Router } from './transports/router.js';
import { WorkflowTransport } from './transports/workflow.transport.js';
import { Clock } from './utils/clock.js';
import { WorkflowConsumer } from './workflow.consumer.js';

/**
 * One service of an application: the handlers of whoever imports this module become its operations, and it executes the
 * steps of any run that name them.
 *
 * @example
 * \@Module({ imports: [OrchestratorModule.forRoot({ service: 'invoicing' })], controllers: [InvoiceController] })
 * export class InvoicingModule {}
 */
@Module({})
export class OrchestratorModule {
  static forRoot(options: OrchestratorModuleExtras & OrchestratorModuleOptions): DynamicModule {
    return wired(options.service, ConfigurableModuleClass.forRoot(options));
  }

  /** As `forRoot`, with options from a factory, a class or a provider; `service` stands beside it. */
  static forRootAsync(options: OrchestratorModuleExtras & typeof ASYNC_OPTIONS_TYPE): DynamicModule {
    return wired(options.service, ConfigurableModuleClass.forRootAsync(options));
  }
}

const SETTINGS = Symbol('orchestrator:settings');

/** The providers of one service, in the order a message meets them. */
function wired(service: string, base: DynamicModule): DynamicModule {
  const token = getOrchestratorToken(service);
  const providers: Provider[] = [
    provide(SETTINGS, [MODULE_OPTIONS_TOKEN, ServiceDirectory], (options: OrchestratorModuleOptions, services: ServiceDirectory) => {
      const settings = settingsOf(service, options);
      services.register(service, { token, operations: settings.operations });
      services.registerRecords(service, settings.state !== false);
      if (settings.deliver !== undefined) services.registerDeliverer(service);
      return settings;
    }),
    provide(WorkflowTransport, [SETTINGS, MemoryBroker], transportOf),
    provide(WorkflowConsumer, [SETTINGS, WorkflowTransport, Hop, TaskRunner, Publisher, StateStore, Brackets, ModulesContainer, Clock], (...parts: ConstructorParameters<typeof WorkflowConsumer>) => new WorkflowConsumer(...parts)),
    provide(DeliveryConsumer, [SETTINGS, WorkflowTransport, MessageCodec, Planner, StateStore, Publisher, Clock], (...parts: ConstructorParameters<typeof DeliveryConsumer>) => new DeliveryConsumer(...parts)),
    provide(MessageReader, [MessageCodec, Planner, Clock], (...parts: PartsOf<typeof MessageReader>) => new MessageReader(service, ...parts)),
    provide(Hop, [SETTINGS, WorkflowTransport, MessageReader, StateStore, Driver, StepCoherence, Router, Publisher, Clock], hopOf),
    provide(MessageCodec, [SETTINGS], ({ limits }: Settings) => new MessageCodec(limits)),
    provide(Planner, [SETTINGS, OperationRegistry], plannerOf),
    provide(StateStore, [SETTINGS, WorkflowTransport, MemoryStateStore, Clock], storeOf),
    provide(Driver, [TaskRunner, StepCoherence, ForkMode, Clock], (...parts: PartsOf<typeof Driver>) => new Driver(service, ...parts)),
    provide(Brackets, [SETTINGS, WorkflowTransport, StepCaches, MemoryCoherence, OperationRegistry, ModuleRef, Clock], bracketsOf),
    provide(StepCache, [Brackets, OperationRegistry], (...parts: ConstructorParameters<typeof StepCache>) => new StepCache(...parts)),
    provide(StepCoherence, [Brackets, OperationRegistry], (...parts: PartsOf<typeof StepCoherence>) => new StepCoherence(service, ...parts)),
    provide(TaskRunner, [SETTINGS, OperationRegistry, StepCoherence, WorkflowEvents, Clock], (...parts: ConstructorParameters<typeof TaskRunner>) => new TaskRunner(...parts)),
    provide(ForkMode, [OperationRegistry, StateStore], (operations: OperationRegistry, { keepsRecords }: StateStore) => new ForkMode(service, operations, keepsRecords)),
    provide(Router, [Publisher, PartsRouter, MessageCodec, WorkflowEvents, Clock], (...parts: PartsOf<typeof Router>) => new Router(service, ...parts)),
    provide(PartsRouter, [Publisher, MessageCodec, Clock, WorkflowTransport], (publisher: Publisher, codec: MessageCodec, clock: Clock, { capabilities }: WorkflowTransport) => new PartsRouter(service, publisher, codec, clock, capabilities.durable)),
    provide(Publisher, [SETTINGS, WorkflowTransport, MessageCodec, Clock], (...parts: ConstructorParameters<typeof Publisher>) => new Publisher(...parts)),
    provide(RunStarter, [SETTINGS, MessageCodec, ServiceDirectory, OperationRegistry, WorkflowTransport, Replies, WorkflowEvents, Clock], (...parts: ConstructorParameters<typeof RunStarter>) => new RunStarter(...parts)),
    provide(FailedRuns, [WorkflowTransport], (transport: WorkflowTransport) => new FailedRuns(transport)),
    provide(RunRequeuer, [SETTINGS, MessageCodec, Planner, StateStore, WorkflowTransport, WorkflowEvents, Clock], (...parts: ConstructorParameters<typeof RunRequeuer>) => new RunRequeuer(...parts)),
    provide(Deliveries, [MessageCodec, Planner, StateStore, WorkflowTransport], (...parts: PartsOf<typeof Deliveries>) => new Deliveries(service, ...parts)),
    provide(Replies, [StateStore, WorkflowTransport], (...parts: PartsOf<typeof Replies>) => new Replies(service, ...parts)),
    provide(WorkflowOrchestrator, [RunStarter, RunRequeuer, FailedRuns, Deliveries, StateStore, WorkflowConsumer, Clock, WorkflowEvents], (...parts: ConstructorParameters<typeof WorkflowOrchestrator>) => new WorkflowOrchestrator(...parts)),
    { provide: token, useExisting: WorkflowOrchestrator },
    { provide: getStepCacheToken(service), useExisting: StepCache },
  ]; // prettier-ignore
  return {
    ...base,
    module: OrchestratorModule,
    imports: [...(base.imports ?? []), OrchestratorCoreModule],
    providers: [...(base.providers ?? []), ...providers],
    exports: [...(base.exports ?? []), WorkflowOrchestrator, token, StepCache, getStepCacheToken(service)],
  };
}

const provide = (
  token: FactoryProvider['provide'],
  inject: NonNullable<FactoryProvider['inject']>,
  useFactory: FactoryProvider['useFactory'],
): FactoryProvider => ({ provide: token, inject, useFactory });

function transportOf(
  { service, transport, state, deliver, limits }: Settings,
  broker: MemoryBroker,
): WorkflowTransport {
  if (transport !== undefined) {
    const created = transport.create(service);
    if (deliver !== undefined && !created.capabilities.competing) {
      throw new ConfigurationError(
        `OrchestratorModule: service "${service}" has the option deliver, and its transport gives every message to every process: each ` +
          'would deliver every run. Take a transport whose consumers compete, or leave deliver out and call resume().',
      );
    }
    if (limits.lifetime > created.longestDelay) {
      throw new ConfigurationError(
        `OrchestratorModule: service "${service}" lets a run live for ${limits.lifetime} ms (limits.lifetime), and its transport ` +
          `${transport.kind} can hold a message back for ${created.longestDelay} ms. Give a lifetime that is no longer.`,
      );
    }
    const promises = promisesOf(created, state !== false);
    new Logger(OrchestratorModule.name).log(`Service "${service}" over ${transport.kind}: ${promises}.`);
    return created;
  }
  const kept =
    state === false
      ? 'messages are kept in memory, and no run records'
      : `messages${state === undefined ? ' and run records' : ''} are kept in memory`;
  new Logger(OrchestratorModule.name).log(
    `Service "${service}": ${kept}. They end with this process, and no other one sees them.`,
  );
  return new MemoryTransport(broker, service);
}

function plannerOf({ helpers, limits, retry, classifyError: own }: Settings, operations: OperationRegistry): Planner {
  return new Planner({
    helpers,
    limits,
    retry,
    classify: (error, source) => classifyError(error, source, own),
    sensitiveFields: ({ service, operation }) => operations.sensitiveFields(service, operation),
  });
}

function hopOf(settings: Settings, { shared }: WorkflowTransport, ...parts: PartsOf<typeof Hop>): Hop {
  // Where no other process is reached, nobody can appear later either.
  return new Hop({ ...settings, unroutableFor: shared ? settings.unroutableFor : 0 }, ...parts);
}

/** What a class is made of beside what comes first. */
type PartsOf<T extends new (...parts: never[]) => unknown> =
  ConstructorParameters<T> extends [unknown, ...infer Rest] ? Rest : never;

/** Milliseconds for which a store that this library did not make is waited for. */
const STORE_ANSWERS_WITHIN = 10_000;

function storeOf(
  { service, namespace, state }: Settings,
  { shared }: WorkflowTransport,
  memory: MemoryStateStore,
  clock: Clock,
): StateStore {
  if (state === false) return new UnrecordedStore();
  if (state !== undefined) return new TimedStore(state.create({ service, namespace }), clock, STORE_ANSWERS_WITHIN);
  if (!shared) return memory;
  throw new ConfigurationError(
    `OrchestratorModule: the transport of service "${service}" reaches other processes, so run records must too (got state: ` +
      'in memory). Give a state store that all processes share, as redisState({ url }) of nest-orchestrator/redis is, or say state: false and read in docs/guarantees.md what that means.',
  );
}

function bracketsOf(
  { service, namespace, cache, cacheSettings }: Settings,
  { shared }: WorkflowTransport,
  caches: StepCaches,
  memory: MemoryCoherence,
  operations: OperationRegistry,
  modules: ModuleRef,
  clock: Clock,
): Brackets {
  const longestTtl = (): number => longestTtlOf(operations, cacheSettings);
  const coherence: Coherence =
    (cache === false ? undefined : cache.coherence?.create({ service, namespace, longestTtl })) ?? memory;
  if (cache !== false && shared && !coherence.shared) {
    if (cache.processLocal !== true) {
      throw new ConfigurationError(
        `OrchestratorModule: the transport of service "${service}" reaches other processes, and what they change would purge nothing ` +
          'here (got cache: in memory). Give cache.coherence tokens that all processes share, as redisCache({ url }) of nest-orchestrator/redis does, or say cache: false, or ' +
          'cache: { processLocal: true } and read in docs/cache.md what that means.',
      );
    }
    new Logger(OrchestratorModule.name).warn(
      `Service "${service}": its cache is this process's alone (cache.processLocal). After a change by another process reads may be old for as long as their ttl.`,
    );
  }
  const source =
    cache === false
      ? undefined
      : () =>
          cacheOf({ ...cache, service, size: cacheSettings.size }, (token) =>
            modules.get<unknown>(token, { strict: false }),
          );
  const brackets = new Brackets(cacheSettings, source, coherence, operations, clock, (other) => caches.of(other));
  caches.add(brackets);
  return brackets;
}
