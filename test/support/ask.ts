import type { StartOptions } from '../../libs/orchestrator/src/execution/first-message.js';
import type { WorkflowOrchestrator } from '../../libs/orchestrator/src/orchestrator.service.js';
import { book, task } from './cookbook-documents.js';

/** Runs an operation of service `alpha` as the only step of a run, and tells what it came to. Time stands still meanwhile. */
export type Ask = <T = unknown>(operation: string, input?: unknown, options?: StartOptions) => Promise<T>;

export const asking =
  (orchestrator: () => WorkflowOrchestrator): Ask =>
  async <T>(operation: string, input: unknown = {}, options: StartOptions = {}) => {
    const step = task('s', { service: 'alpha', operation, input });
    const { workflowId } = await orchestrator().start(book([step]), options);
    const { output } = await orchestrator().result<T>(workflowId);
    return output;
  };
