import { NestFactory } from '@nestjs/core';
import { getOrchestratorToken, type WorkflowOrchestrator } from 'nest-orchestrator';
import { AppModule } from '../app.module.js';
import { play } from './play.js';
import { Progress } from './progress.js';
import { SCENARIOS } from './scenarios.js';
import { styleOf } from './style.js';
import { renderSummary } from './summary.js';
import { renderTimeline, type RunReport } from './timeline.js';

/** Runs every cookbook once and shows how it went. The process fails when one ends otherwise than it was meant to. */
async function demo(): Promise<void> {
  const startedAt = performance.now();
  const style = styleOf(process.stdout);
  const progress = new Progress(process.stdout);
  const app = await NestFactory.createApplicationContext(AppModule, { logger: false, abortOnError: false });
  const orchestrator = app.get<WorkflowOrchestrator>(getOrchestratorToken('runs'), { strict: false });
  const reports: RunReport[] = [];
  for (const [i, scenario] of SCENARIOS.entries()) {
    const title = `… ${i + 1}/${SCENARIOS.length}  ${scenario.cookbook}`;
    const report = await play(scenario, orchestrator, ({ path, service, type }) => {
      progress.show(`${title}${path === null ? '' : ` › ${path}`}  ${service}: ${type.replaceAll('_', ' ')}`);
    });
    progress.clear();
    process.stdout.write(`${renderTimeline(report, style)}\n`);
    reports.push(report);
  }
  await app.close();
  process.stdout.write(`${renderSummary(reports, performance.now() - startedAt, style)}\n`);
  process.exitCode = reports.every(({ asMeant }) => asMeant) ? 0 : 1;
}

/** A reader such as `head` closes the pipe when it has seen enough: then there is nobody left to show anything to. */
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit();
  throw error;
});

await demo();
