/** Where a service's workflow messages go. */
export const workflowOf = (service: string): string => `${service}.workflow`;
/** Where those of them go that were delivered again and again and never acknowledged. */
export const deadOf = (service: string): string => `${service}.dead`;

const REPLIES = '.replies.';
/** Where one process hears of the runs that it started. */
export const repliesOf = (service: string, id: string): string => `${service}${REPLIES}${id}`;
/** Whether a reply may go there: a message must not send one to whom it likes. */
export const isReplies = (destination: string): boolean => destination.includes(REPLIES);

/** Whether workflow messages of a service go there. */
export const isWorkflow = (destination: string): boolean => destination.endsWith(workflowOf(''));
/** The service whose destination it is; `undefined`: a topic, which is nobody's. */
export const ownerOf = (destination: string): string | undefined =>
  /^([\w-]+)\.(?:workflow|dead|replies\..+)$/.exec(destination)?.[1];

/** Terminal envelopes of runs that completed, and of those that did not. */
export const COMPLETED = 'workflow.completed';
export const FAILED = 'workflow.failed';
/** Runs whose output somebody outside is to deliver. */
export const DELIVERY_REQUESTED = 'workflow.delivery_requested';
