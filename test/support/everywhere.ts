import { applyDecorators, type ExecutionContext, HttpCode, Post } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import { type Caller, Operation, type OperationTraits } from '../../libs/orchestrator/src/index.js';

/** An operation that a step, `POST /name` and the message `name` call. */
export const Everywhere = (name: string, traits?: OperationTraits): MethodDecorator =>
  applyDecorators(Post(name), HttpCode(200), MessagePattern(name), Operation(name, traits));

/** Option `caller`: the tenant that a call names. */
export function caller(context: ExecutionContext): Caller {
  const said =
    context.getType() === 'http'
      ? context.switchToHttp().getRequest<{ headers: Record<string, string | undefined> }>().headers['tenant']
      : context.switchToRpc().getData<{ readonly tenant?: string }>().tenant;
  return said === undefined ? {} : { tenantId: said };
}
