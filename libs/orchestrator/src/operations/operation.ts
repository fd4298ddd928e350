import type { ExecutionContext } from '@nestjs/common';
import type { Caller } from '../message/workflow-message.js';

/** What `getType()` answers in guards, interceptors, filters and parameter decorators while an operation runs as a step. */
export const OPERATION_CONTEXT_TYPE = 'orchestrator';

/** What a service can do: one handler method plus what callers and the cache must know of it. */
export interface Operation extends OperationTraits {
  readonly service: string;
  readonly name: string;
}

/** What decorators and `operations.json` say of an operation: two spellings of one thing. */
export interface OperationTraits {
  /** The handler changes something. Default: `false`, a read. */
  readonly mutates?: boolean;
  /** The resource a mutation changes (`resource_type` in `operations.json`), and where in the input its id stands. */
  readonly mutated?: ResourceRef;
  /** The resources a read depends on. At most four. */
  readonly reads?: readonly ResourceRef[];
  /** Top-level input fields that hold secrets. */
  readonly sensitiveInputFields?: readonly string[];
  /** JSON Schema (draft 2020-12) of the input, checked before the handler. */
  readonly input?: object;
  /** JSON Schema (draft 2020-12) of the output, checked after the handler. */
  readonly output?: object;
  /** How its answers are cached; `false`: never. `true` is refused: it says nothing. */
  readonly cache?: boolean | CacheTraits;
}

/** Who shares a cached answer: the same person in the same workspace, a workspace, a tenant, or everybody. */
export type Vary = 'person' | 'workspace' | 'tenant' | 'none';

/** How the answers of one operation are cached. */
export interface CacheTraits {
  /** How long an answer is served at most. Default: the module's `cache.ttl`. */
  readonly ttl?: string | number;
  /** Who shares an answer. Default `'person'`. `'none'` only where the answer is the same for every caller. */
  readonly vary?: Vary;
  /** Part of the key: change it when the handler answers otherwise than before. */
  readonly version?: string | number;
  /**
   * What else the answer of an RPC or HTTP call depends on: for handlers with parameters that are neither input nor caller.
   * JSON. Steps are not asked.
   */
  readonly key?: (context: ExecutionContext) => unknown;
}

/** A resource type, the input field that names one instance, and the service that owns it when it is another's. */
export interface ResourceRef {
  readonly resource: string;
  readonly id?: string;
  readonly service?: string;
}

/**
 * What `operations` as a function may say of a step: the original's lookup. It is asked before every step, and not awaited.
 * It may add that the operation mutates; like `undefined`, `mutates: false` leaves the declaration as it is.
 */
export type OperationLookup = (
  service: string,
  step: { readonly step_id: string; readonly operation: string },
) => { readonly mutates?: boolean; readonly resource_type?: string } | undefined;

/** What a handler is told about the call it serves: `@Ctx() context: OperationContext`. */
export interface OperationContext {
  readonly service: string;
  readonly operation: string;
  readonly workflowId: string;
  readonly correlationId: string;
  readonly stepId: string;
  /** Where the step stands in this run, unique in it: `each[3].charge`. */
  readonly path: string;
  /** From 1. */
  readonly attempt: number;
  readonly caller: Caller;
  /**
   * The same for every attempt and redelivery of this step, and for a requeue that only goes on; another after a requeue `from`
   * a step, or with another input. Give it to whatever must not act twice.
   */
  readonly idempotencyKey: string;
  /** Aborted when the step's deadline passes or the application shuts down. */
  readonly signal: AbortSignal;
  readonly traceparent?: string | undefined;
}
