import type { ExecutionContext } from '@nestjs/common';
import type { Caller } from '../message/workflow-message.js';
import type { HandlerId } from '../operations/handler.js';
import { nameOfMethod } from '../operations/handler.probe.js';
import type { BoundOperation } from '../operations/operation.registry.js';
import type { Origin } from './cache-events.js';
import { jsonOf } from './json.js';
import { NOBODY_SAYS_WHO, whyNotInCalls } from './operation-caching.js';
import { fieldIn, type Given } from './fields.js';

// What an HTTP or RPC call asks, as its execution context has it.

/** The handler that a call is for; `undefined`: none that may be an operation. */
export function handlerOf(context: ExecutionContext): HandlerId | undefined {
  const methodName = nameOfMethod(context.getHandler());
  return methodName === undefined ? undefined : { type: context.getClass(), methodName };
}

/** Where it comes from. */
export const originOf = (context: ExecutionContext): Origin => ({
  context: context.getType() === 'rpc' ? 'rpc' : 'http',
});

/** The parameters that are input, as they are before the pipes. `undefined`: neither an HTTP request nor a message. */
export function inputsOf(
  context: ExecutionContext,
  { parameters: { inputs } }: BoundOperation,
): readonly Given[] | undefined {
  const given = (source: (from: 'body' | 'query' | 'params') => unknown): Given[] =>
    inputs.map(({ from, field }) => ({
      field,
      value: field === undefined ? source(from) : fieldIn(source(from), field),
    }));
  if (context.getType() === 'rpc') return given(() => context.switchToRpc().getData());
  const request = Object(context.switchToHttp().getRequest()) as Readonly<Record<string, unknown>>;
  const isRequest = context.getType() === 'http' && typeof request['method'] === 'string' && 'headers' in request;
  return isRequest ? given((from) => request[from]) : undefined;
}

/**
 * What the answer depends on beside the caller. `undefined`: it is no JSON, and would be the same for every call.
 * @throws whatever `cache.key` throws
 */
export function questionOf(given: readonly Given[], { cache }: BoundOperation, context: ExecutionContext): unknown {
  const key = typeof cache === 'object' ? cache.key : undefined;
  const values = given.map(({ value }) => (value === undefined ? [] : [value])); // a default is for what is not given
  if (key === undefined) return values;
  const more = key(context) ?? null;
  return jsonOf(more) === undefined ? undefined : [values, more];
}

/** Who asks what; or why the call is not answered from the cache, whatever is in it. */
export function askedBy(
  operations: readonly BoundOperation[],
  caller: Caller | undefined,
  given: readonly Given[] | undefined,
): { readonly caller: Caller; readonly given: readonly Given[] } | string {
  if (caller === undefined) return NOBODY_SAYS_WHO;
  if (given === undefined) return 'neither an HTTP request nor a message';
  return whyNotInCalls(operations) ?? { caller, given };
}
