/** Where a service's workflow messages go. */
export const workflowOf = (service: string): string => `${service}.workflow`;

/** Terminal envelopes of runs that completed, and of those that did not. */
export const COMPLETED = 'workflow.completed';
export const FAILED = 'workflow.failed';
