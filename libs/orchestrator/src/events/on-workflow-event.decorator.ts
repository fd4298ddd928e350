import { SetMetadata, type CustomDecorator } from '@nestjs/common';
import type { WorkflowEventType } from './workflow.event.js';

/** The types of event a provider's method listens to. */
export const ON_WORKFLOW_EVENT_METADATA = 'orchestrator:on-event';

/**
 * Calls a provider's or controller's method with every `WorkflowEvent` of these types.
 *
 * @example
 * ```ts
 * @OnWorkflowEvent('failed')
 * alert(event: WorkflowEvent): void { … }
 * ```
 */
export function OnWorkflowEvent(...types: readonly [WorkflowEventType, ...WorkflowEventType[]]): CustomDecorator {
  return SetMetadata(ON_WORKFLOW_EVENT_METADATA, types);
}
