import { type CanActivate, type ExecutionContext, ForbiddenException, Injectable } from '@nestjs/common';
import { callerOf } from '../caller.js';

/** Lets a call pass only when it acts for a tenant: guards work on steps as they do on requests, and on cached answers too. */
@Injectable()
export class TenantGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    if (callerOf(context)?.tenantId !== undefined) return true;
    throw new ForbiddenException({
      code: 'TENANT_REQUIRED',
      message: `${context.getHandler().name} works on one tenant's records: start the run with a tenantId, or send x-tenant.`,
    });
  }
}
