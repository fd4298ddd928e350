// Configure
export { OrchestratorModule } from './orchestrator.module.js';
export type { OrchestratorModuleExtras, OrchestratorOptionsFactory } from './orchestrator.module-definition.js';
export type { OrchestratorModuleOptions, RetryOptions } from './orchestrator.options.js';
export type { ErrorClassifier } from './execution/error-classifier.js';
export type { Limits } from './message/limits.js';
export type { Helper, HelperContext, Helpers, ReferenceMode } from './references/scope.js';
export type { Duration } from './utils/duration.js';

// Write operations
export { Caller } from './decorators/caller.decorator.js';
export { Mutates } from './decorators/mutates.decorator.js';
export { Operation } from './decorators/operation.decorator.js';
export { Reads, type ReadsOptions } from './decorators/reads.decorator.js';
export { Sensitive } from './decorators/sensitive.decorator.js';
export type { OperationContext, OperationLookup, OperationTraits, ResourceRef } from './operations/operation.js';
export type {
  OperationEntries,
  OperationEntry,
  OperationsDocument,
  OperationsSource,
} from './operations/operations-file.js';

// Write cookbooks
export { cookbookSchema } from './cookbook/cookbook.schema.js';
export type {
  CallerId,
  Cookbook,
  ForeachStep,
  ForkJoinStep,
  GroupStep,
  JoinStrategy,
  RetryRule,
  Step,
  SwitchStep,
  TaskStep,
  WaitStep,
} from './cookbook/cookbook.js';

// Start runs, and ask for them
export { getOrchestratorToken, InjectOrchestrator } from './decorators/inject-orchestrator.decorator.js';
export { type ResultOptions, type RunResult, type StartOptions, WorkflowOrchestrator } from './orchestrator.service.js';
export type { Failure, FailureSource, FailureType, Outcome } from './engine/outcome.js';
export type { HopResult } from './transports/router.js';

// Watch
export { OnWorkflowEvent } from './events/on-workflow-event.decorator.js';
export type { WorkflowEvent, WorkflowEventType } from './events/workflow.event.js';

// Ports, for other brokers and stores
export {
  type IncomingMessage,
  type MessageHandler,
  type OutgoingMessage,
  type TransportCapabilities,
  type TransportDefinition,
  WorkflowTransport,
} from './transports/workflow.transport.js';
export {
  type Claim,
  type EndStatus,
  type Grant,
  type Holder,
  type HopId,
  type Journal,
  type RecordedOutcome,
  type RunStatus,
  type RunSummary,
  type StateDefinition,
  StateStore,
} from './state/state.store.js';
export { Clock, type CancelTimer } from './utils/clock.js';

// Errors
