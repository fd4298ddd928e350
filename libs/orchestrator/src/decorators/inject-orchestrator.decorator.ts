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

/** The token of one service's `StepCache`, for modules that see several. */
export function getStepCacheToken(service: string): string {
  return `orchestrator:${service}:cache`;
}

/**
 * Injects the `StepCache` of one service.
 *
 * @example
 * ```ts
 * constructor(@InjectStepCache('catalog') private readonly cache: StepCache) {}
 * ```
 */
export function InjectStepCache(service: string): PropertyDecorator & ParameterDecorator {
  return Inject(getStepCacheToken(service));
}
