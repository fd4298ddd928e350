import { type DynamicModule, type INestApplication, Module } from '@nestjs/common';
import type { ModuleMetadata, NestInterceptor, Type } from '@nestjs/common';
import { ApplicationConfig, DiscoveryModule, DiscoveryService, NestFactory } from '@nestjs/core';
import { Server } from '@nestjs/microservices';
import { isObservable, lastValueFrom } from 'rxjs';
import { getOrchestratorToken } from '../../libs/orchestrator/src/decorators/inject-orchestrator.decorator.js';
import type { Around } from '../../libs/orchestrator/src/operations/context-creator.js';
import type { OperationContext } from '../../libs/orchestrator/src/operations/operation.js';
import { OperationInvoker } from '../../libs/orchestrator/src/operations/operation.invoker.js';
import { HandlerProbe } from '../../libs/orchestrator/src/operations/handler.probe.js';
import { OperationRegistry } from '../../libs/orchestrator/src/operations/operation.registry.js';
import {
  OperationsExplorer,
  type ServiceDeclaration,
} from '../../libs/orchestrator/src/operations/operations.explorer.js';

/** What a step tells the handlers of these tests. */
export const CONTEXT: OperationContext = {
  service: 'shop',
  operation: 'any',
  workflowId: 'w1',
  correlationId: 'c1',
  stepId: 's1',
  path: 's1',
  attempt: 1,
  caller: { tenantId: 'acme' },
  idempotencyKey: 'test:w1:0:s1',
  signal: new AbortController().signal,
};

/** A module of its own, as every call makes another class. */
export function feature(metadata: ModuleMetadata): DynamicModule {
  @Module({})
  class FeatureModule {}
  return { ...metadata, module: FeatureModule };
}

/** A module that makes a service visible, as `OrchestratorModule.forRoot({ service })` does. */
export function serviceModule(service: string, isGlobal = false): DynamicModule {
  const token = getOrchestratorToken(service);
  return { ...feature({ providers: [{ provide: token, useValue: service }], exports: [token] }), global: isGlobal };
}

/** A Nest transport without a wire: `call` reaches an RPC handler as a message would. */
export class LoopbackServer extends Server {
  listen = (callback: () => unknown): unknown => callback();
  close = (): void => undefined;
  on = (): void => undefined;
  unwrap = (): never => this as never;
  call = async (pattern: string, data: unknown): Promise<unknown> => {
    const reply: unknown = await this.getHandlerByPattern(pattern)?.(data, CONTEXT);
    return isObservable(reply) ? lastValueFrom(reply) : reply;
  };
}

/** An interceptor that leaves a trace and does nothing else. */
export const tracing = (trace: string[], name: string): NestInterceptor => ({
  intercept: (_, next) => {
    trace.push(name);
    return next.handle();
  },
});

export interface OperationsApp {
  readonly app: INestApplication;
  readonly rpc: LoopbackServer;
  readonly registry: OperationRegistry;
  /** Runs an operation of service `shop` in process. */
  readonly run: (operation: string, input?: unknown) => Promise<unknown>;
  /** A method of a controller, run with a bracket of the test's own. */
  readonly bind: (type: Type, methodName: string, around: Around) => (input: unknown) => Promise<unknown>;
}

export interface OperationsAppOptions extends ModuleMetadata {
  readonly services?: Readonly<Record<string, ServiceDeclaration['operations']>>;
  /** Called before the application is initialised. */
  readonly configure?: (app: INestApplication) => void;
}

/**
 * A hybrid application with its operations explored. The root module, which holds `controllers`, imports service `shop`
 * unless `services` says otherwise: then whatever `imports` make visible.
 */
export async function bootOperations(options: OperationsAppOptions): Promise<OperationsApp> {
  const { services, configure, imports = [], providers = [], ...metadata } = options;
  const visible = services === undefined ? [serviceModule('shop'), ...imports] : imports;
  const root = feature({
    ...metadata,
    imports: [DiscoveryModule, ...visible],
    providers: [HandlerProbe, OperationInvoker, OperationRegistry, OperationsExplorer, ...providers],
  });
  const app = await NestFactory.create(root, { logger: false, abortOnError: false });
  configure?.(app);
  const rpc = new LoopbackServer();
  app.connectMicroservice({ strategy: rpc }, { inheritAppConfig: true });
  try {
    await app.init();
    const declared = Object.entries(services ?? { shop: {} });
    const tokens = declared.map(
      ([name, operations]) => [name, { token: getOrchestratorToken(name), operations }] as const,
    );
    await app.get(OperationsExplorer).explore(new Map(tokens), () => false);
  } catch (error) {
    await app.close();
    throw error;
  }
  const registry = app.get(OperationRegistry);
  return {
    app,
    rpc,
    registry,
    run: (operation, input) => registry.find('shop', { step_id: 's1', operation }).invoke(input, CONTEXT),
    bind: (type, methodName, around) => {
      const host = app
        .get(DiscoveryService, { strict: false })
        .getControllers()
        .find(({ metatype }) => metatype === type);
      if (host?.host === undefined) throw new Error(`${type.name} is no controller.`);
      const method = (type.prototype as Record<string, () => unknown>)[methodName] ?? (() => undefined);
      const handler = { host, module: host.host, type, methodName, method, operation: methodName };
      const invoke = app.get(OperationInvoker).bind(handler, around);
      return (input) => invoke(input, CONTEXT);
    },
  };
}

/** A library that puts a global interceptor in place while providers are made. */
export const addingInterceptor = (interceptor: NestInterceptor): ModuleMetadata['providers'] => [
  {
    provide: 'adding interceptor',
    inject: [ApplicationConfig],
    useFactory: (config: ApplicationConfig) => {
      config.addGlobalInterceptor(interceptor);
      return interceptor;
    },
  },
];
