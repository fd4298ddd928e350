import type { OrchestratorError } from '../../../libs/orchestrator/src/errors/orchestrator.error.js';

/** A message of the original as its JSON object; `undefined` leaves a key out. */
export function wire(changes: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  const cookbook = { version: '2.1.0', steps: [] };
  return { workflow_id: 'w-1', correlation_id: 'c-1', cookbook, current_step: 's1', ...changes };
}

/** What it throws. */
export function error(attempt: () => unknown): OrchestratorError {
  try {
    attempt();
  } catch (thrown) {
    return thrown as OrchestratorError;
  }
  throw new TypeError('Nothing was thrown.');
}
