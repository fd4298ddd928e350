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
  /** `false`: never cached. */
  readonly cache?: boolean | { readonly ttl?: string | number };
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
