import { type CanActivate, type ExecutionContext, ForbiddenException, Injectable } from '@nestjs/common';
import type { OperationContext } from 'nest-orchestrator';

/** Lets a step pass only when its run acts for a tenant: guards work on operations as they do on RPC handlers. */
@Injectable()
export class TenantGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { caller, operation } = context.switchToRpc().getContext<OperationContext>();
    if (caller.tenantId !== undefined) return true;
    throw new ForbiddenException({
      code: 'TENANT_REQUIRED',
      message: `${operation} works on one tenant's records: start the run with a tenantId.`,
    });
  }
}
