import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import { NotARequestError } from '../errors/not-a-request.error.js';
import { handlerName, type OperationHandler } from './handler.js';

/** The view of one call that everything around the handler is given. */
export type ToContext = (args: unknown[]) => OperationExecutionContext;

/** What guards, interceptors, parameter decorators and filters see of a step: `[input, OperationContext]`, as in RPC. */
export class OperationExecutionContext extends ExecutionContextHost {
  constructor(
    args: unknown[],
    private readonly of: OperationHandler,
  ) {
    super(args, of.type, of.method);
  }

  override switchToHttp(): never {
    throw new NotARequestError(handlerName(this.of), this.of.operation, 'HTTP request');
  }

  override switchToWs(): never {
    throw new NotARequestError(handlerName(this.of), this.of.operation, 'WebSocket client');
  }
}
