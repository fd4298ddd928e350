import type { IncomingMessage } from 'node:http';
import type { ExecutionContext } from '@nestjs/common';
import type { Caller, OperationContext } from 'nest-orchestrator';

/**
 * For whom a call acts: a step for whom its run does, an HTTP request for the tenant and the person that its headers name.
 * There is no authentication here: elsewhere this reads what a guard has found out about the request.
 */
export function callerOf(context: ExecutionContext): Caller | undefined {
  switch (context.getType<string>()) {
    case 'orchestrator':
      return context.switchToRpc().getContext<OperationContext>().caller;
    case 'http': {
      const { headers } = context.switchToHttp().getRequest<IncomingMessage>();
      return { tenantId: textOf(headers['x-tenant']), personId: textOf(headers['x-person']) };
    }
    default:
      return undefined;
  }
}

const textOf = (header: string | readonly string[] | undefined): string | undefined =>
  typeof header === 'string' && header !== '' ? header : undefined;
