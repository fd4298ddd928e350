import type { ApplicationConfig, NestContainer } from '@nestjs/core';
import { ExternalExceptionFilterContext } from '@nestjs/core/exceptions/external-exception-filter-context.js';
import type { ExternalExceptionsHandler } from '@nestjs/core/exceptions/external-exceptions-handler.js';
import { NotARequestError } from '../errors/not-a-request.error.js';
import type { ToContext } from './execution-context.js';
import { settle } from './settle.js';

/** Exception filters may translate an operation's error; they cannot turn it into an output. */
export class OperationFilters extends ExternalExceptionFilterContext {
  constructor(
    container: NestContainer,
    config: ApplicationConfig,
    private readonly toContext: ToContext,
  ) {
    super(container, config);
  }

  override create(...args: Parameters<ExternalExceptionFilterContext['create']>): ExternalExceptionsHandler {
    const handler = super.create(...args);
    // The stock `next` also logs each error that no filter takes: whoever runs the step reports it already.
    handler.next = (error, host) => {
      const args = host.getArgs<unknown[]>();
      return translate(error, args, () => handler.invokeCustomFilters(error, this.toContext(args)));
    };
    return handler;
  }
}

/**
 * Throws the filter's error where that is an `HttpException`, an `RpcException` or has a numeric status; the original one
 * whatever else the filter does: return, reply, or fail.
 */
async function translate(error: unknown, args: readonly unknown[], filter: () => unknown): Promise<never> {
  try {
    await settle(await filter(), args);
  } catch (replacement) {
    const { getError, status, statusCode } = Object(replacement) as Record<string, unknown>;
    const carriesStatus = typeof getError === 'function' || typeof (status ?? statusCode) === 'number';
    if (carriesStatus && !(replacement instanceof NotARequestError)) throw replacement;
  }
  throw error;
}
