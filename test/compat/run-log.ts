import type { OutgoingMessage, WorkflowEvent } from '../../libs/orchestrator/src/index.js';
import type { Activity } from './quiet.js';
import type { Json } from './recorded.js';
import { objectOf, type RunOfCase, stepsOf } from './run-message.js';

const COMPLETED = 'workflow.completed';
const TERMINALS = [COMPLETED, 'workflow.failed'];
const DELIVERY_REQUESTED = 'workflow.delivery_requested';

/** What was seen of one run, while it ran. */
export class RunLog {
  readonly invocations: Json[] = [];
  readonly terminals: Json[] = [];
  readonly handovers: Json[] = [];
  readonly leaks: string[] = [];

  constructor(
    readonly run: RunOfCase,
    readonly workflowId: string | undefined,
  ) {}
}

/** What was seen of a case's runs. */
export class CaseLog implements Activity {
  readonly runs: RunLog[] = [];
  activity = 0;

  constructor(private readonly secretMarkers: readonly string[] = []) {}

  /** What is seen from now on of this name is this run's. */
  start(run: RunOfCase, workflowId: string | undefined): RunLog {
    const log = new RunLog(run, workflowId);
    this.runs.push(log);
    return log;
  }

  invoked(workflowId: string, invocation: Json): void {
    this.activity += 1;
    this.of(workflowId)?.invocations.push(invocation);
  }

  published({ destination, body }: OutgoingMessage): void {
    this.activity += 1;
    const message = objectOf(JSON.parse(body));
    const log = this.of(message['workflow_id']);
    if (TERMINALS.includes(destination)) log?.terminals.push(message);
    if (destination === DELIVERY_REQUESTED) log?.handovers.push(message);
    if (this.isSecret(body)) log?.leaks.push(`${destination}>${stepOf(destination, message)}`);
  }

  emitted(event: WorkflowEvent): void {
    this.activity += 1;
    if (!this.isSecret(JSON.stringify(event))) return;
    this.of(event.workflow_id)?.leaks.push(`monitoring:${event.type}>${String(event.step_id)}`);
  }

  /** The newest run of this name; what names no run belongs to the newest. */
  private of(workflowId: unknown): RunLog | undefined {
    return this.runs.findLast((log) => log.workflowId === workflowId) ?? this.runs.at(-1);
  }

  private isSecret(text: string): boolean {
    return this.secretMarkers.some((marker) => text.includes(JSON.stringify(marker).slice(1, -1)));
  }
}

/** A run that has completed stands at its last step in the original, in ours where its last message came to. */
function stepOf(destination: string, { current_step, cookbook }: Json): string {
  const last = destination === COMPLETED ? stepsOf(cookbook).at(-1)?.['step_id'] : undefined;
  return String(last ?? current_step);
}
