import { Global, Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { OperationInvoker } from './operations/operation.invoker.js';
import { OperationRegistry } from './operations/operation.registry.js';
import { OperationsExplorer } from './operations/operations.explorer.js';

/** Once per application, however many services it holds: a static module, so that Nest keeps a single instance. */
@Global()
@Module({
  imports: [DiscoveryModule],
  providers: [OperationInvoker, OperationRegistry, OperationsExplorer],
  exports: [OperationInvoker, OperationRegistry, OperationsExplorer],
})
export class OrchestratorCoreModule {}
