import type { BoundOperation } from '../operations/operation.registry.js';
import type { ResourceRef, Vary } from '../operations/operation.js';

/** How one operation is cached, and what it purges, as it is declared. A lookup, or a step, may add that it mutates. */
export interface OperationCaching {
  readonly service: string;
  readonly operation: string;
  readonly mutates: boolean;
  /** What its answers depend on, each with the service whose it is. None: anything of its own service. */
  readonly reads: readonly ResourceRef[];
  /** What it changes, with its service. `null`: nothing; or anything of its service, where it mutates. */
  readonly changes: ResourceRef | null;
  /** Milliseconds for which an answer is served at most. `null`: none is. */
  readonly ttl: number | null;
  /** Who shares an answer. `null`: there is none to share. */
  readonly vary: Vary | null;
  /** Why it is never answered from the cache. `null`: it is. */
  readonly never: string | null;
  /** The same of its HTTP and RPC calls, if it takes any. */
  readonly neverInCalls: string | null;
}

/** Why no call of a mutation is answered from the cache. */
export const IT_CHANGES = 'it changes something';
export const CACHE_OFF = 'the cache is off';
export const NO_JSON = 'the input is no JSON';
export const notShared = (service: string): string => `service "${service}" is not seen to share this cache`;
export const NOBODY_SAYS_WHO = 'nobody says who calls (option caller)';

/** What a service's cache says of one of its operations. */
export interface Terms {
  readonly never: string | undefined;
  /** Milliseconds. */
  readonly ttl: number;
  /** The option `caller` is given. */
  readonly knowsCallers: boolean;
  /** The operations that its handler is, itself included. */
  readonly ofHandler: readonly BoundOperation[];
}

export function cachingOf(operation: BoundOperation, terms: Terms): OperationCaching {
  const { service, name, mutates, mutated, reads = [], cache } = operation;
  const { never, ttl, knowsCallers, ofHandler } = terms;
  const inCalls = never ?? (knowsCallers ? whyNotInCalls(ofHandler) : NOBODY_SAYS_WHO);
  const vary = (typeof cache === 'object' ? cache.vary : undefined) ?? 'person';
  return {
    service,
    operation: name,
    mutates,
    reads: reads.map((ref) => ({ service, ...ref })),
    changes: mutates && mutated !== undefined ? { ...mutated, service } : null,
    ttl: never === undefined ? ttl : null,
    vary: never === undefined ? vary : null,
    never: never ?? null,
    neverInCalls: inCalls ?? null,
  };
}

/** Why no HTTP or RPC call of a handler is answered from the cache, whoever makes it. */
export function whyNotInCalls([operation, ...others]: readonly BoundOperation[]): string | undefined {
  if (others.length > 0) return 'its handler has several names';
  const keyed = typeof operation?.cache === 'object' && operation.cache.key !== undefined;
  return operation?.parameters.declared === true || keyed
    ? undefined
    : 'a parameter is neither input nor caller (cache.key)';
}
