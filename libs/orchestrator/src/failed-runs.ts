import { describeFailed, type FailedRun } from './message/terminal.js';
import { FAILED } from './transports/destinations.js';
import type { WorkflowTransport } from './transports/workflow.transport.js';

/** The runs that ended on `workflow.failed`, to be looked at; `WorkflowOrchestrator.requeue` tries one again. */
export class FailedRuns {
  constructor(private readonly transport: WorkflowTransport) {}

  /**
   * Those that the transport still keeps, oldest first: in memory the last 1,000. One that was requeued by its id has left
   * the list.
   */
  async list(): Promise<readonly FailedRun[]> {
    return (await this.transport.browse(FAILED)).map(({ body }) => describeFailed(body));
  }

  /** The newest failure of a run; `undefined`: the list has none. */
  async get(workflowId: string): Promise<FailedRun | undefined> {
    const failures = (await this.list()).filter((run) => run.workflowId === workflowId);
    return failures.findLast(({ epoch }) => epoch === Math.max(...failures.map((each) => each.epoch)));
  }
}
