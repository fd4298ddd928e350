import { AsyncLocalStorage } from 'node:async_hooks';
import type { Caller } from '../message/workflow-message.js';
import type { HandlerId } from './handler.js';
import type { OperationContext } from './operation.js';

/**
 * One call of an operation's handler, as what stands around it is told of it by the handler's probe: what it really got,
 * that it started, and what it returned.
 */
export abstract class HandlerCall {
  /** Whom the call acts for, as far as that is known. */
  abstract readonly caller: Caller | undefined;

  /**
   * The guards and pipes are done, and the handler starts when this is. A handler that calls another one tells of that too.
   * @param args what it gets
   * @throws to keep it from starting
   */
  abstract starting(handler: HandlerId, args: readonly unknown[]): Promise<void> | undefined;

  /** Told at once what the handler came back with: a value, a promise or an Observable. */
  abstract returned(handler: HandlerId, result: unknown): void;
}

/** What stands around a call in process: inside its guards, outside every interceptor. */
export abstract class Bracket extends HandlerCall {
  /** @param next everything within. It need not be called */
  abstract around(next: () => Promise<unknown>): Promise<unknown>;
}

const brackets = new WeakMap<OperationContext, Bracket>();

/** The bracket of the call with this context. */
export const bracketOf = (context: OperationContext): Bracket | undefined => brackets.get(context);

/** From now on the call with this context has a bracket. */
export function setBracket(context: OperationContext, by: Bracket): void {
  brackets.set(context, by);
}

const changing = new WeakSet<OperationContext>();

/** Whether the call with this context may change something. */
export const mayChange = (context: OperationContext): boolean => changing.has(context);

/** The call with this context may change something, also where no cache has a bracket for it. */
export function setMayChange(context: OperationContext): void {
  changing.add(context);
}

const BRACKET_OF_CALLS = Symbol('orchestrator:bracket-of-calls');

/** Marks the one interceptor that is the bracket of RPC and HTTP calls. */
export abstract class BracketOfCalls {
  readonly [BRACKET_OF_CALLS] = true;
}

export const isBracketOfCalls = (interceptor: unknown): boolean => BRACKET_OF_CALLS in Object(interceptor);

const running = new AsyncLocalStorage<HandlerCall | undefined>();

/** The call that the code at hand runs in. */
export function currentCall(): HandlerCall | undefined {
  return running.getStore();
}

/** Runs `work` and whatever it starts within a call. */
export function within<T>(call: HandlerCall, work: () => T): T {
  return running.run(call, work);
}

/** Runs `work` and whatever it starts within no call, whichever one has led to it. */
export function withinNone<T>(work: () => T): T {
  return currentCall() === undefined ? work() : running.run(undefined, work);
}
