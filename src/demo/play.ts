import { randomUUID } from 'node:crypto';
import { WorkflowFailedError } from 'nest-orchestrator';
import { filter, firstValueFrom, skipWhile, timeout } from 'rxjs';
import { isAsMeant, type Scenario } from './scenarios.js';
import type { RunEvent, Stage } from './stage.js';
import type { Ending, RunReport } from './timeline.js';

export type Watch = (event: RunEvent) => void;

const TIMEOUT_MS = 30_000;

/** Runs a scenario to its end. `watch` is told what happens to that run, and nothing of others: events may come late. */
export async function play(scenario: Scenario, stage: Stage, watch: Watch): Promise<RunReport> {
  const { orchestrator } = stage;
  const { cookbook, input, tenantId, personId, advice } = scenario;
  const workflowId = randomUUID();
  const { events, ending } = await watched(workflowId, stage, watch, () =>
    endOf(orchestrator.run(cookbook, { input, tenantId, personId, workflowId, timeout: TIMEOUT_MS })),
  );
  return {
    workflowId,
    cookbook,
    caller: [tenantId, ...(personId === undefined ? [] : [personId])].join(', '),
    description: orchestrator.cookbooks.get(cookbook)?.description ?? '',
    events,
    ending,
    asMeant: isAsMeant(scenario, ending),
    ...(advice === undefined ? {} : { advice }),
  };
}

/**
 * Requeues the run of a report, to its next end: it is meant to complete then. Its input is given again, all of it, because
 * secrets are not kept with a failed run.
 */
export async function playAgain(
  { input }: Pick<Scenario, 'input'>,
  { advice: _, ...failed }: RunReport,
  stage: Stage,
  watch: Watch,
): Promise<RunReport> {
  const { orchestrator } = stage;
  const { workflowId } = failed;
  const { events, ending } = await watched(workflowId, stage, watch, async () => {
    const ended = nextEndOf(workflowId, stage);
    await orchestrator.requeue(workflowId, { input });
    await ended; // until then its result may still be the failure
    return endOf(orchestrator.result(workflowId, { timeout: TIMEOUT_MS }));
  });
  // Its first step may have started by the time that somebody is told of the requeue.
  const told = [
    ...events.filter(({ type }) => type === 'requeued'),
    ...events.filter(({ type }) => type !== 'requeued'),
  ];
  return { ...failed, events: [...failed.events, ...told], ending, asMeant: ending.kind === 'completed' };
}

const eventsOf = (workflowId: string, { events$ }: Stage): typeof events$ =>
  events$.pipe(filter(({ workflow_id }) => workflow_id === workflowId));

const nextEndOf = (workflowId: string, stage: Stage): Promise<RunEvent> =>
  firstValueFrom(
    eventsOf(workflowId, stage).pipe(
      skipWhile(({ type }) => type !== 'requeued'),
      filter(({ type }) => type === 'completed' || type === 'failed'),
      timeout({ first: TIMEOUT_MS }),
    ),
  );

/** What happens to a run while `act` awaits its end. */
async function watched(
  workflowId: string,
  stage: Stage,
  watch: Watch,
  act: () => Promise<Ending>,
): Promise<Pick<RunReport, 'events' | 'ending'>> {
  const events: RunEvent[] = [];
  const watching = eventsOf(workflowId, stage).subscribe((event) => {
    events.push(event);
    watch(event);
  });
  const ending = await act().finally(() => {
    watching.unsubscribe();
  });
  return { events, ending };
}

async function endOf(result: Promise<{ readonly output: unknown }>): Promise<Ending> {
  try {
    const { output } = await result;
    return { kind: 'completed', output };
  } catch (error) {
    if (error instanceof WorkflowFailedError) return { kind: 'failed', failure: error.failure };
    throw error;
  }
}
