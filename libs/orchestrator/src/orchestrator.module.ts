import { type DynamicModule, type FactoryProvider, Logger, Module, type Provider } from '@nestjs/common';
import { getOrchestratorToken } from './decorators/inject-orchestrator.decorator.js';
import { classifyError } from './execution/error-classifier.js';
import { ForkMode } from './execution/fork-mode.js';
import { Planner } from './execution/planner.js';
import { TaskRunner } from './execution/task.runner.js';
import { WorkflowEvents } from './events/workflow-events.js';
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
import { ServiceDirectory } from './service-directory.js';
import { MemoryStateStore } from './state/memory/memory.store.js';
import { StateStore } from './state/state.store.js';
import { MemoryBroker } from './transports/memory/memory.broker.js';
import { MemoryTransport } from './transports/memory/memory.transport.js';
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
      return settings;
    }),
    provide(WorkflowTransport, [SETTINGS, MemoryBroker], transportOf),
    provide(WorkflowConsumer, [SETTINGS, WorkflowTransport, Hop, TaskRunner, Router], (...parts: ConstructorParameters<typeof WorkflowConsumer>) => new WorkflowConsumer(...parts)),
    provide(Hop, [SETTINGS, MessageCodec, Planner, StateStore, TaskRunner, ForkMode, Router, Clock], (...parts: ConstructorParameters<typeof Hop>) => new Hop(...parts)),
    provide(MessageCodec, [SETTINGS], ({ limits }: Settings) => new MessageCodec(limits)),
    provide(Planner, [SETTINGS], plannerOf),
    provide(StateStore, [SETTINGS, MemoryStateStore], ({ state }: Settings, memory: MemoryStateStore) => state?.create(service) ?? memory),
    provide(TaskRunner, [SETTINGS, OperationRegistry, WorkflowEvents, Clock], (...parts: ConstructorParameters<typeof TaskRunner>) => new TaskRunner(...parts)),
    provide(ForkMode, [OperationRegistry], (operations: OperationRegistry) => new ForkMode(service, operations)),
    provide(Router, [SETTINGS, WorkflowTransport, MessageCodec, WorkflowEvents, Clock], routerOf),
    provide(WorkflowOrchestrator, [SETTINGS, MessageCodec, OperationRegistry, StateStore, WorkflowTransport, Hop, WorkflowEvents, Clock], (...parts: ConstructorParameters<typeof WorkflowOrchestrator>) => new WorkflowOrchestrator(...parts)),
    { provide: token, useExisting: WorkflowOrchestrator },
  ]; // prettier-ignore
  return {
    ...base,
    module: OrchestratorModule,
    imports: [...(base.imports ?? []), OrchestratorCoreModule],
    providers: [...(base.providers ?? []), ...providers],
    exports: [...(base.exports ?? []), WorkflowOrchestrator, token],
  };
}

const provide = (
  token: FactoryProvider['provide'],
  inject: NonNullable<FactoryProvider['inject']>,
  useFactory: FactoryProvider['useFactory'],
): FactoryProvider => ({ provide: token, inject, useFactory });

function transportOf({ service, transport }: Settings, broker: MemoryBroker): WorkflowTransport {
  if (transport !== undefined) return transport.create(service);
  new Logger(OrchestratorModule.name).log(
    `Service "${service}": messages and run records are kept in memory. They end with this process, and no other one sees them.`,
  );
  return new MemoryTransport(broker, service);
}

function plannerOf({ helpers, limits, retry, classifyError: own }: Settings): Planner {
  return new Planner({ helpers, limits, retry, classify: (error, source) => classifyError(error, source, own) });
}

function routerOf(
  settings: Settings,
  transport: WorkflowTransport,
  codec: MessageCodec,
  events: WorkflowEvents,
  clock: Clock,
): Router {
  // Where nothing outlives this process, nobody can appear later either.
  const unroutableFor = transport.capabilities.durable ? settings.unroutableFor : 0;
  return new Router({ ...settings, unroutableFor }, transport, codec, events, clock);
}
