import { randomUUID } from 'node:crypto';
import { type WorkflowEvent, WorkflowFailedError, type WorkflowOrchestrator } from 'nest-orchestrator';
import { filter } from 'rxjs';
import { isAsMeant, type Scenario } from './scenarios.js';
import type { Ending, RunReport } from './timeline.js';

/** Runs a scenario to its end. `watch` is told what happens to that run, and nothing of others: events may come late. */
export async function play(
  scenario: Scenario,
  orchestrator: WorkflowOrchestrator,
  watch: (event: WorkflowEvent) => void,
): Promise<RunReport> {
  const { cookbook, advice } = scenario;
  const workflowId = randomUUID();
  const events: WorkflowEvent[] = [];
  const itsOwn = orchestrator.events$.pipe(filter(({ workflow_id }) => workflow_id === workflowId));
  const watching = itsOwn.subscribe((event) => {
    events.push(event);
    watch(event);
  });
  const ending = await endOf(scenario, workflowId, orchestrator);
  watching.unsubscribe();
  return {
    cookbook,
    description: orchestrator.cookbooks.get(cookbook)?.description ?? '',
    events,
    ending,
    asMeant: isAsMeant(scenario, ending),
    ...(advice === undefined ? {} : { advice }),
  };
}

async function endOf(
  { cookbook, input, tenantId }: Scenario,
  workflowId: string,
  orchestrator: WorkflowOrchestrator,
): Promise<Ending> {
  try {
    const { output } = await orchestrator.run(cookbook, { input, tenantId, workflowId, timeout: '30s' });
    return { kind: 'completed', output };
  } catch (error) {
    if (error instanceof WorkflowFailedError) return { kind: 'failed', failure: error.failure };
    throw error;
  }
}
