import { Inject } from '@nestjs/common';

/** The token of one service's `WorkflowOrchestrator`, for modules that see several. */
export function getOrchestratorToken(service: string): string {
  return `orchestrator:${service}`;
}

/**
 * Injects the `WorkflowOrchestrator` of one service.
 *
 * @example
 * ```ts
 * constructor(@InjectOrchestrator('invoicing') private readonly orchestrator: WorkflowOrchestrator) {}
 * ```
 */
export function InjectOrchestrator(service: string): PropertyDecorator & ParameterDecorator {
  return Inject(getOrchestratorToken(service));
}
