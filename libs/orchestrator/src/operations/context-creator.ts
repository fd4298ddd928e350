import { ExternalContextCreator } from '@nestjs/core';
import { GuardsConsumer } from '@nestjs/core/guards/index.js';
import { ContextUtils } from '@nestjs/core/helpers/context-utils.js';
import { InterceptorsConsumer, InterceptorsContextCreator } from '@nestjs/core/interceptors/index.js';
import { PipesConsumer, PipesContextCreator } from '@nestjs/core/pipes/index.js';
import { OperationFilters } from './exception-filters.js';
import { OperationExecutionContext, type ToContext } from './execution-context.js';
import { OperationGuards } from './guards.js';
import type { OperationHandler } from './handler.js';
import type { ApplicationContainer } from './nest-internals.js';
import { bracketOf, isBracketOfCalls } from './handler-call.js';
import { OPERATION_CONTEXT_TYPE, type OperationContext } from './operation.js';
import { PAYLOAD_ONLY } from './parameters.js';
import { settle } from './settle.js';

/** What is done around every call of a handler: inside the guards, outside every interceptor. `next` settles with the output. */
export type Around = (args: readonly unknown[], next: () => Promise<unknown>) => Promise<unknown>;

/**
 * Nest's own creator for handlers of foreign transports, with those parts replaced in which it is unlike RPC. One per
 * operation: the stock one keeps what it learnt of a method's parameters from whoever asked first.
 */
export function createContextCreator(
  container: ApplicationContainer,
  handler: OperationHandler,
  around: Around,
): ExternalContextCreator {
  const config = container.applicationConfig;
  const toContext: ToContext = (args) => {
    const context = new OperationExecutionContext(args, handler);
    context.setType(OPERATION_CONTEXT_TYPE);
    return context;
  };
  const creator = new ExternalContextCreator(
    new OperationGuards(container, config, handler),
    new GuardsCall(toContext),
    new OperationInterceptors(container, config),
    new InterceptorsCall(toContext, around),
    container.getModules(),
    new PipesContextCreator(container, config),
    new PipesConsumer(),
    new OperationFilters(container, config, toContext),
  );
  // Stock Nest looks for the host among providers: for a controller it finds none, and skips the class's enhancers.
  const moduleKey = (): string => handler.module.token;
  creator.getContextModuleKey = moduleKey;
  const createPipes = creator.createPipesFn.bind(creator);
  creator.createPipesFn = (...of) => bringingBracket(createPipes(...of));
  Object.assign(creator, { getHostModuleKey: moduleKey, contextUtils: new OperationContextUtils(toContext) }); // private
  return creator;
}

/** After the pipes the call's bracket stands behind the arguments, where the handler's probe looks for it. */
function bringingBracket(pipes: PipesFn): PipesFn {
  return async (args, ...params) => {
    await pipes?.(args, ...params);
    const bracket = bracketOf(params[1] as OperationContext);
    if (bracket !== undefined && args.at(-1) !== bracket) args.push(bracket); // an interceptor that tries again: the same list
  };
}

type PipesFn = ReturnType<ExternalContextCreator['createPipesFn']>;

/** The interceptor that is the bracket of RPC and HTTP calls is none here: a step has its own. */
class OperationInterceptors extends InterceptorsContextCreator {
  override getGlobalMetadata(...of: Parameters<InterceptorsContextCreator['getGlobalMetadata']>): never {
    return super.getGlobalMetadata<unknown[]>(...of).filter((each) => !isBracketOfCalls(each)) as never;
  }
}

class GuardsCall extends GuardsConsumer {
  constructor(override readonly createContext: ToContext) {
    super();
  }
}

class InterceptorsCall extends InterceptorsConsumer {
  constructor(
    override readonly createContext: ToContext,
    private readonly around: Around,
  ) {
    super();
  }

  override intercept(...call: Parameters<InterceptorsConsumer['intercept']>): Promise<unknown> {
    const args = call[1];
    const next = (): Promise<unknown> => this.around(args, async () => settle(await super.intercept(...call), args));
    const bracket = bracketOf(args[1] as OperationContext);
    return bracket === undefined ? next() : bracket.around(next);
  }
}

class OperationContextUtils extends ContextUtils {
  constructor(private readonly toContext: ToContext) {
    super();
  }

  override getContextFactory(): ToContext {
    return this.toContext;
  }

  override reflectCallbackMetadata(...of: Parameters<ContextUtils['reflectCallbackMetadata']>): never {
    return (super.reflectCallbackMetadata<object | undefined>(...of) ?? PAYLOAD_ONLY) as never;
  }
}
