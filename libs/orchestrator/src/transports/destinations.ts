/** Where a service's workflow messages go. */
export const workflowOf = (service: string): string => `${service}.workflow`;
/** Where those of them go that were delivered again and again and never acknowledged. */
export const deadOf = (service: string): string => `${service}.dead`;

/** Terminal envelopes of runs that completed, and of those that did not. */
export const COMPLETED = 'workflow.completed';
export const FAILED = 'workflow.failed';
/** Runs whose output somebody outside is to deliver. */
export const DELIVERY_REQUESTED = 'workflow.delivery_requested';
