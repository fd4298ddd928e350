// Configure
export { OrchestratorModule } from './orchestrator.module.js';
export type { OrchestratorModuleExtras, OrchestratorOptionsFactory } from './orchestrator.module-definition.js';
export type { OrchestratorModuleOptions, RetryOptions } from './orchestrator.options.js';
export type { ErrorClassifier } from './execution/error-classifier.js';
export type { Deliver, DeliveryRequest } from './execution/delivery-request.js';
export type { DeliveryResult } from './engine/delivery.js';
export { nestTransport } from './transports/nest/nest.js';
export type {
  NestNatsOptions,
  NestRedisOptions,
  NestRmqOptions,
  NestTcpOptions,
  NestTransportOptions,
} from './transports/nest/nest.options.js';
export type { TcpAddress } from './transports/nest/tcp.wire.js';
export type { Limits } from './message/limits.js';
export type { Helper, HelperContext, Helpers, ReferenceMode } from './references/scope.js';
export type { Duration } from './utils/duration.js';

// Write operations
export { Caller } from './decorators/caller.decorator.js';
export { Mutates, type MutatesOptions } from './decorators/mutates.decorator.js';
export { Operation } from './decorators/operation.decorator.js';
export { Reads, type ReadsOptions } from './decorators/reads.decorator.js';
export { type InputField, Sensitive } from './decorators/sensitive.decorator.js';
export type {
  CacheTraits,
  OperationContext,
  OperationLookup,
  OperationTraits,
  ResourceRef,
  Vary,
} from './operations/operation.js';
export type {
  OperationEntries,
  OperationEntry,
  OperationsDocument,
  OperationsSource,
} from './operations/operations-file.js';

// Write cookbooks
export { COOKBOOK_SCHEMA } from './cookbook/cookbook.schema.js';
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

// Cache reads
export type { ChangedResource, MutationTerms } from './cache/mutation-arguments.js';
export { type CacheExplanation, StepCache } from './cache/step-cache.js';
export type { OperationCaching } from './cache/operation-caching.js';
export type { CacheOptions, KeyvStore, OpenStores, ResolveCaller, StoresDefinition } from './cache/cache.options.js';
export type { CacheContext, CacheCounters, CacheEvent, CacheEventType } from './cache/cache.event.js';
export type { Tag } from './cache/tags.js';

// Start runs, and ask for them
export {
  getOrchestratorToken,
  getStepCacheToken,
  InjectOrchestrator,
  InjectStepCache,
} from './decorators/inject-orchestrator.decorator.js';
export { type ResultOptions, type RunResult, WorkflowOrchestrator } from './orchestrator.service.js';
export type { StartOptions } from './execution/first-message.js';
export type { RequeueOptions } from './execution/requeue.js';
export type { FailedRuns } from './failed-runs.js';
export type { FailedRun, FailureDocument } from './message/terminal.js';
export type { Failure, FailureSource, FailureType } from './errors/failure.js';
export type { Outcome } from './engine/outcome.js';
export type { HopResult } from './transports/router.js';

// Watch
export { OnWorkflowEvent } from './events/on-workflow-event.decorator.js';
export type { WorkflowEvent, WorkflowEventType } from './events/workflow.event.js';

// Ports, for other brokers and stores
export {
  type IncomingMessage,
  type KeptMessage,
  type MessageHandler,
  type OutgoingMessage,
  type TransportCapabilities,
  type TransportDefinition,
  WorkflowTransport,
} from './transports/workflow.transport.js';
export {
  type Arrival,
  type ArrivalAnswer,
  type Claim,
  type ClaimTerms,
  type Departure,
  type EndStatus,
  type ExpectedLine,
  type Grant,
  type HoldAnswer,
  type Holder,
  type HopId,
  type Journal,
  type RecordedOutcome,
  type RunStatus,
  type RunSummary,
  type StateDefinition,
  StateStore,
} from './state/state.store.js';
export { Coherence, type CoherenceDefinition } from './cache/coherence.js';
export { Clock, type CancelTimer } from './utils/clock.js';

// Errors
export { BrokerRefusedError } from './errors/broker-refused.error.js';
export { BrokerUnavailableError } from './errors/broker-unavailable.error.js';
export { ConfigurationError } from './errors/configuration.error.js';
export { CookbookNotFoundError } from './errors/cookbook-not-found.error.js';
export { DeliveryResultError } from './errors/delivery-result.error.js';
export { HelperError } from './errors/helper.error.js';
export { HopLoopError } from './errors/hop-loop.error.js';
export { InputTooLargeError } from './errors/input-too-large.error.js';
export { InvalidArgumentError } from './errors/invalid-argument.error.js';
export { InvalidCookbookError } from './errors/invalid-cookbook.error.js';
export { InvalidInputError } from './errors/invalid-input.error.js';
export { InvalidMessageError } from './errors/invalid-message.error.js';
export { InvalidOutputError } from './errors/invalid-output.error.js';
export { InvalidSchemaError } from './errors/invalid-schema.error.js';
export { LimitExceededError } from './errors/limit-exceeded.error.js';
export { MalformedReferenceError } from './errors/malformed-reference.error.js';
export { MessageTooLargeError } from './errors/message-too-large.error.js';
export { NotARequestError } from './errors/not-a-request.error.js';
export { OperationTimeoutError } from './errors/operation-timeout.error.js';
export { OrchestratorError } from './errors/orchestrator.error.js';
export { PoisonMessageError } from './errors/poison-message.error.js';
export { ProtocolTooNewError } from './errors/protocol-too-new.error.js';
export { PurgeFailedError } from './errors/purge-failed.error.js';
export { ResultTimeoutError } from './errors/result-timeout.error.js';
export { ResultTruncatedError } from './errors/result-truncated.error.js';
export { RunCancelledError } from './errors/run-cancelled.error.js';
export { RunExpiredError } from './errors/run-expired.error.js';
export { RunNotRequeuableError } from './errors/run-not-requeuable.error.js';
export { SensitiveInputRequiredError } from './errors/sensitive-input-required.error.js';
export { StepError } from './errors/step.error.js';
export { TransportClosedError } from './errors/transport-closed.error.js';
export { UncoveredMutationError } from './errors/uncovered-mutation.error.js';
export { UnknownHelperError } from './errors/unknown-helper.error.js';
export { UnknownOperationError } from './errors/unknown-operation.error.js';
export { UnresolvedReferenceError } from './errors/unresolved-reference.error.js';
export { UnroutableError } from './errors/unroutable.error.js';
export { WorkflowFailedError } from './errors/workflow-failed.error.js';
