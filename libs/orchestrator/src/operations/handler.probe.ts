import { Injectable, type OnApplicationShutdown, type Type } from '@nestjs/common';
import { MetadataScanner, ModulesContainer } from '@nestjs/core';
import { UncoveredMutationError } from '../errors/uncovered-mutation.error.js';
import { isPromise } from '../references/maybe-promise.js';
import { candidateMethods } from './candidate.js';
import { handlerName, type HandlerId, type Method } from './handler.js';
import { currentCall, HandlerCall } from './handler-call.js';

/** The handlers that may not run without a bracket, each by the applications that say so. */
const guarded = new WeakMap<Method, Map<Type, Set<HandlerProbe>>>();
/** Under which name each probe stands on its class. A method is wrapped once, however many applications are made of it. */
const probes = new WeakMap<object, string>();

/** Under which name each function stands that an instance has in the place of its class's method: bound, or a spy. */
const standIns = new WeakMap<object, string>();

/** From now on {@link nameOfMethod} knows the instance's own function, if it has one. */
export function nameStandIn(instance: object, methodName: string): void {
  const method = (instance as Record<string, Method | undefined>)[methodName];
  if (method !== undefined && !probes.has(method)) standIns.set(method, methodName);
}

/** The name of a method that has a probe, or stands in for one that has. */
export const nameOfMethod = (method: object): string | undefined => probes.get(method) ?? standIns.get(method);

/** The name of a method that has a probe. */
export const probedName = (method: object): string | undefined => probes.get(method);

/**
 * Puts a probe around every handler that may be an operation, on its class: it tells the call that the handler runs in what
 * the pipes made of the arguments, and that it started; and it keeps a mutation from running where nothing would purge what
 * it changes. Made with the providers: servers that are connected before the application is up take the methods as they are
 * by then.
 */
@Injectable()
export class HandlerProbe implements OnApplicationShutdown {
  private readonly guarding: Set<HandlerProbe>[] = [];

  constructor(modules: ModulesContainer, scanner: MetadataScanner) {
    for (const { controllers } of modules.values()) {
      for (const { metatype } of controllers.values()) {
        if (metatype === null) continue;
        for (const name of candidateMethods(metatype as Type, scanner)) probe(metatype as Type, name);
      }
    }
  }

  /** From now on the handler, a mutation, runs within a bracket only. */
  guard({ type, methodName }: HandlerId): void {
    const method = (type.prototype as Record<string, Method>)[methodName];
    if (method === undefined) return;
    const byType = guarded.get(method) ?? new Map<Type, Set<HandlerProbe>>();
    guarded.set(method, byType);
    const by = byType.get(type) ?? new Set();
    byType.set(type, by.add(this));
    this.guarding.push(by);
  }

  /** The application has closed: classes outlive it. */
  onApplicationShutdown(): void {
    for (const by of this.guarding) by.delete(this);
  }
}

function probe(type: Type, methodName: string): void {
  let owner = type.prototype as object | null;
  while (owner !== null && !Object.hasOwn(owner, methodName)) owner = Object.getPrototypeOf(owner) as object | null;
  const descriptor = owner === null ? undefined : Object.getOwnPropertyDescriptor(owner, methodName);
  const method = descriptor?.value as Method | undefined;
  if (owner === null || method === undefined || probes.has(method)) return;
  Object.defineProperty(owner, methodName, { ...descriptor, value: probeOf(method, methodName, type) });
}

/** The method with a probe, which a class has since boot, and what a test has put in its place has not. */
export function withProbe(method: Method, methodName: string, type: Type): Method {
  return probes.has(method) ? method : probeOf(method, methodName, type);
}

function probeOf(method: Method, methodName: string, owner: Type): Method {
  const wrapped = function probed(this: { readonly constructor: Type } | undefined, ...args: unknown[]): unknown {
    const type = this?.constructor ?? owner; // a method that needs no `this` may be called without
    const handler = { type, methodName };
    // In process the call comes along behind the arguments: its async context may be nobody's.
    const last = args.at(-1);
    const call = last instanceof HandlerCall ? (args.pop() as HandlerCall) : currentCall();
    if (call === undefined) {
      const by = guarded.get(wrapped)?.get(type);
      if (by !== undefined && by.size > 0) throw new UncoveredMutationError(handlerName(handler));
      return method.apply(this, args);
    }
    const begin = (): unknown => {
      const answer = method.apply(this, args);
      // A query that is made when it is awaited is awaited here, and only here: else nobody could say when it is done.
      const result: unknown = isPromise(answer) ? Promise.resolve(answer) : answer;
      call.returned(handler, result);
      return result;
    };
    const ready = call.starting(handler, args);
    return ready === undefined ? begin() : ready.then(begin);
  };
  for (const key of Reflect.getMetadataKeys(method) as unknown[]) {
    Reflect.defineMetadata(key, Reflect.getMetadata(key, method), wrapped); // guards are looked for on the method
  }
  Object.defineProperty(wrapped, 'name', { value: method.name, configurable: true });
  Object.defineProperty(wrapped, 'length', { value: method.length, configurable: true });
  probes.set(wrapped, methodName);
  return wrapped;
}
