import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import type { OperationContext } from 'nest-orchestrator';
import { type Observable, tap } from 'rxjs';

/** Who asked for what, and whether it went well; `abandoned`: a read whose time was up. Never the input: it may hold a card number. */
export interface AuditEntry {
  readonly workflow_id: string;
  readonly path: string;
  readonly operation: string;
  readonly attempt: number;
  readonly tenant_id: string | number | null;
  readonly outcome: 'done' | 'refused' | 'abandoned';
}

@Injectable()
export class AuditTrail {
  readonly entries: AuditEntry[] = [];
}

/** Writes a line for each attempt at a payment operation. */
@Injectable()
export class AuditInterceptor implements NestInterceptor {
  constructor(private readonly trail: AuditTrail) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const { workflowId, path, operation, attempt, caller } = context.switchToRpc().getContext<OperationContext>();
    const write = (outcome: AuditEntry['outcome']) => (): void => {
      const tenant_id = caller.tenantId ?? null;
      this.trail.entries.push({ workflow_id: workflowId, path, operation, attempt, tenant_id, outcome });
    };
    return next
      .handle()
      .pipe(tap({ complete: write('done'), error: write('refused'), unsubscribe: write('abandoned') }));
  }
}
