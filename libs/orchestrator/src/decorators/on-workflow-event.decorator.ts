import type { WorkflowEventType } from '../events/workflow.event.js';

/** On methods that want to hear of events: the types, a list. */
export const ON_WORKFLOW_EVENT_METADATA = 'orchestrator:on-workflow-event';

/**
 * Calls the method with every event of that type, of all services of this application, as it happens. May be repeated. What
 * it throws is logged and disturbs no run; nothing waits for it.
 *
 * @example
 * ```ts
 * @OnWorkflowEvent('failed')
 * alert(event: WorkflowEvent): void { … }
 * ```
 */
export function OnWorkflowEvent(type: WorkflowEventType): MethodDecorator {
  return (_target, _property, descriptor) => {
    const method = descriptor.value as object;
    const types = (Reflect.getMetadata(ON_WORKFLOW_EVENT_METADATA, method) ?? []) as readonly WorkflowEventType[];
    Reflect.defineMetadata(ON_WORKFLOW_EVENT_METADATA, [...types, type], method);
  };
}
