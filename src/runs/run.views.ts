import type { RunStatus } from 'nest-orchestrator';

/** Where a run is to be asked for. */
export interface RunLinks {
  readonly status: string;
  readonly result: string;
}

export interface StartedRun {
  readonly workflow_id: string;
  readonly links: RunLinks;
}

export interface RunView {
  readonly workflow_id: string;
  readonly status: RunStatus['status'];
  readonly links: RunLinks;
}

export interface ResultView {
  readonly workflow_id: string;
  readonly status: 'completed';
  readonly output: unknown;
  /** Outputs by id of top-level step. */
  readonly steps: Readonly<Record<string, unknown>>;
}

export interface CookbookView {
  readonly name: string;
  readonly description: string;
  readonly input_schema: object | null;
}

export function linksOf(workflowId: string): RunLinks {
  const run = `/runs/${encodeURIComponent(workflowId)}`;
  return { status: run, result: `${run}/result` };
}
