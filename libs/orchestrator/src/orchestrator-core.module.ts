import { Global, Module } from '@nestjs/common';
import { DiscoveryModule, DiscoveryService } from '@nestjs/core';
import { MemoryCoherence } from './cache/memory/memory.coherence.js';
import { OperationInterceptor } from './cache/operation.interceptor.js';
import { StepCaches } from './cache/step-caches.js';
import { EventListeners } from './events/event-listeners.js';
import { WorkflowEvents } from './events/workflow-events.js';
import { HandlerProbe } from './operations/handler.probe.js';
import { OperationInvoker } from './operations/operation.invoker.js';
import { OperationRegistry } from './operations/operation.registry.js';
import { OperationsExplorer } from './operations/operations.explorer.js';
import { ServiceDirectory } from './service-directory.js';
import { MemoryStateStore } from './state/memory/memory.store.js';
import { MemoryBroker } from './transports/memory/memory.broker.js';
import { Clock, SystemClock } from './utils/clock.js';

const shared = [
  HandlerProbe,
  OperationInterceptor,
  OperationInvoker,
  OperationRegistry,
  OperationsExplorer,
  ServiceDirectory,
  StepCaches,
  { provide: MemoryCoherence, useFactory: () => new MemoryCoherence() },
  { provide: Clock, useClass: SystemClock },
  { provide: WorkflowEvents, useFactory: () => new WorkflowEvents() },
  { provide: MemoryBroker, inject: [Clock], useFactory: (clock: Clock) => new MemoryBroker(clock) },
  { provide: MemoryStateStore, inject: [Clock], useFactory: (clock: Clock) => new MemoryStateStore(clock) },
];

/** What the services of an application share. A static module, so that Nest keeps a single instance of it. */
@Global()
@Module({
  imports: [DiscoveryModule],
  providers: [
    ...shared,
    {
      provide: EventListeners,
      inject: [DiscoveryService, WorkflowEvents],
      useFactory: (discovery: DiscoveryService, events: WorkflowEvents) => new EventListeners(discovery, events),
    },
  ],
  exports: shared,
})
export class OrchestratorCoreModule {}
