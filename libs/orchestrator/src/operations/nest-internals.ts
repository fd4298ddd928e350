import { ExternalContextCreator } from '@nestjs/core';
import type { ApplicationConfig, NestContainer } from '@nestjs/core';
import { ExternalExceptionFilterContext } from '@nestjs/core/exceptions/external-exception-filter-context.js';
import { ExternalExceptionsHandler } from '@nestjs/core/exceptions/external-exceptions-handler.js';
import { GuardsConsumer, GuardsContextCreator } from '@nestjs/core/guards/index.js';
import { ContextUtils } from '@nestjs/core/helpers/context-utils.js';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import { InterceptorsConsumer, InterceptorsContextCreator } from '@nestjs/core/interceptors/index.js';
import { ConfigurationError } from '../errors/configuration.error.js';

/**
 * What running handlers in process replaces in Nest, beyond its public API. An override of a method that Nest has renamed
 * would do nothing, and a guard would take a step for an HTTP request: so each is looked for at boot.
 */
const REPLACED: readonly (readonly [{ readonly name: string; readonly prototype: object }, readonly string[]])[] = [
  [ExternalContextCreator, ['create', 'getContextModuleKey', 'createPipesFn']],
  [GuardsContextCreator, ['create', 'getGlobalMetadata']],
  [GuardsConsumer, ['createContext']],
  [InterceptorsConsumer, ['createContext', 'intercept']],
  [InterceptorsContextCreator, ['getGlobalMetadata']],
  [ExternalExceptionFilterContext, ['create']],
  [ExternalExceptionsHandler, ['next', 'invokeCustomFilters']],
  [ContextUtils, ['getContextFactory', 'reflectCallbackMetadata']],
  [ExecutionContextHost, ['switchToHttp', 'switchToWs']],
];

/** The container of a whole application. */
export type ApplicationContainer = NestContainer & { readonly applicationConfig: ApplicationConfig };

/**
 * The container of the application that this creator, which Nest injects, belongs to.
 * @throws ConfigurationError when this version of Nest is made otherwise than the library knows it
 */
export function containerOf(stock: ExternalContextCreator): ApplicationContainer {
  const { container, contextUtils } = stock as unknown as { container?: ApplicationContainer; contextUtils?: unknown };
  const missing = REPLACED.flatMap(([{ name, prototype }, methods]) =>
    methods.filter((method) => !(method in prototype)).map((method) => `${name}.${method}`),
  );
  if (!(contextUtils instanceof ContextUtils)) missing.push('ExternalContextCreator.contextUtils');
  if (container?.applicationConfig !== undefined && missing.length === 0) return container;
  throw new ConfigurationError(
    `This version of @nestjs/core lacks ${missing[0] ?? 'ExternalContextCreator.container'}, without which operations could ` +
      'not be guarded. Use a version within the peer range of nest-orchestrator.',
  );
}
