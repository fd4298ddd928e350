import type { WorkflowTransport } from './workflow.transport.js';

/** What a transport and a run record promise together, in one line for the log. */
export function promisesOf({ capabilities }: WorkflowTransport, keepsRecords: boolean): string {
  const { durable, delay, competing, redelivery } = capabilities;
  const runs = durable && redelivery ? (keepsRecords ? RECORDED : UNRECORDED) : AT_MOST_ONCE;
  return [
    runs,
    ...(delay ? [] : ['what waits ends with its process']),
    competing ? 'of several processes of a service one gets a message' : 'a service may have one process',
  ].join('; ');
}

const RECORDED = 'nothing accepted is lost, and a step whose outcome is recorded is not executed again';
const UNRECORDED =
  'nothing accepted is lost, but without run records a crash may repeat the steps since the last message';
const AT_MOST_ONCE = 'a message comes at most once, and is gone with the process that has it';
