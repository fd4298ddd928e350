import { randomUUID } from 'node:crypto';
import { NestFactory } from '@nestjs/core';
import {
  getOrchestratorToken,
  type WorkflowEvent,
  WorkflowFailedError,
  type WorkflowOrchestrator,
} from 'nest-orchestrator';
import { filter } from 'rxjs';
import { AppModule } from '../app.module.js';
import { Progress } from './progress.js';
import { isAsMeant, type Scenario, SCENARIOS } from './scenarios.js';
import { styleOf } from './style.js';
import { renderSummary } from './summary.js';
import { type Ending, renderTimeline, type RunReport } from './timeline.js';

/** Runs every cookbook once and shows how it went. The process fails when one ends otherwise than it was meant to. */
async function demo(): Promise<void> {
  const startedAt = performance.now();
  const style = styleOf(process.stdout);
  const app = await NestFactory.createApplicationContext(AppModule, { logger: ['error', 'fatal'] });
  const orchestrator = app.get<WorkflowOrchestrator>(getOrchestratorToken('runs'), { strict: false });
  const reports: RunReport[] = [];
  for (const [i, scenario] of SCENARIOS.entries()) {
    const report = await play(scenario, `${i + 1}/${SCENARIOS.length}`, orchestrator);
    process.stdout.write(`${renderTimeline(report, style)}\n`);
    reports.push(report);
  }
  await app.close();
  process.stdout.write(`${renderSummary(reports, performance.now() - startedAt, style)}\n`);
  process.exitCode = reports.every(({ asMeant }) => asMeant) ? 0 : 1;
}

/** Starts the scenario's run and watches it to its end. An event of the run before may come late: it is left out. */
async function play(scenario: Scenario, position: string, orchestrator: WorkflowOrchestrator): Promise<RunReport> {
  const { cookbook, advice } = scenario;
  const workflowId = randomUUID();
  const progress = new Progress(process.stdout);
  const events: WorkflowEvent[] = [];
  const ours = orchestrator.events$.pipe(filter(({ workflow_id }) => workflow_id === workflowId));
  const watching = ours.subscribe((event) => {
    events.push(event);
    const where = event.path === null ? cookbook : `${cookbook} › ${event.path}`;
    progress.show(`… ${position}  ${where}  ${event.service}: ${event.type.replaceAll('_', ' ')}`);
  });
  const ending = await endOf(scenario, workflowId, orchestrator);
  watching.unsubscribe();
  progress.clear();
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

/** A reader such as `head` closes the pipe when it has seen enough: then there is nobody left to show anything to. */
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit();
  throw error;
});

await demo();
