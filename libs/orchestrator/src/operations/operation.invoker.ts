import { Injectable } from '@nestjs/common';
import { ROUTE_ARGS_METADATA } from '@nestjs/common/constants.js';
import { ContextIdFactory, ExternalContextCreator, ModuleRef } from '@nestjs/core';
import type { ContextId } from '@nestjs/core';
import { RequestContextHost } from '@nestjs/microservices/context/request-context-host.js';
import { createContextCreator, type Around } from './context-creator.js';
import type { Method, OperationHandler } from './handler.js';
import { withProbe } from './handler.probe.js';
import { containerOf, type ApplicationContainer } from './nest-internals.js';
import { setBracket, type Bracket, withinNone } from './handler-call.js';
import { OPERATION_CONTEXT_TYPE, type OperationContext } from './operation.js';
import { PARAMETERS } from './parameters.js';

/** Runs a handler in process. Rejects with what a guard, interceptor, pipe, handler or filter threw. */
export type Invoke = (input: unknown, context: OperationContext, by?: Bracket) => Promise<unknown>;

/** Turns controller methods into functions that run as RPC handlers do: guards, interceptors, pipes, handler, filters. */
@Injectable()
export class OperationInvoker {
  private readonly container: ApplicationContainer;

  constructor(stock: ExternalContextCreator) {
    this.container = containerOf(stock);
  }

  /**
   * A request-scoped controller is made anew for every call, a durable one per durable context; both may inject `REQUEST`,
   * which is `{ pattern, data, context }` as in RPC.
   *
   * @throws ConfigurationError when a declared guard would not run
   */
  bind(handler: OperationHandler, around: Around): Invoke {
    const { host, module, type, methodName, operation } = handler;
    const creator = createContextCreator(this.container, handler, around);
    const bindTo = (instance: object, contextId?: ContextId, inquirerId?: string): Invoke => {
      const method = withProbe((instance as Record<string, Method>)[methodName] ?? handler.method, methodName, type);
      // prettier-ignore
      return creator.create(
        instance, method, methodName, ROUTE_ARGS_METADATA, PARAMETERS, contextId, inquirerId, undefined, OPERATION_CONTEXT_TYPE,
      );
    };
    if (host.isDependencyTreeStatic()) return bracketing(bindTo(host.instance as object));

    const moduleRef = module.getProviderByKey<ModuleRef>(ModuleRef).instance;
    const durable = host.isDependencyTreeDurable();
    return bracketing(async (input, context) => {
      const request = RequestContextHost.create(operation, input, context as never);
      const contextId = ContextIdFactory.getByRequest(request);
      const { payload } = contextId as { payload?: object };
      moduleRef.registerRequestByContextId(durable ? payload : Object.assign(request, payload), contextId);
      const instance = await moduleRef.resolve<object>(type, contextId, { strict: true });
      return bindTo(instance, contextId, host.id)(input, context);
    });
  }
}

/**
 * The bracket goes beside the arguments: who is within sees `[input, context]`. It is the call's alone: a run that was started
 * within another call, one that reads perhaps, is no part of that.
 */
function bracketing(invoke: Invoke): Invoke {
  return (input, context, by) => {
    if (by !== undefined) setBracket(context, by);
    return withinNone(() => invoke(input, context));
  };
}
