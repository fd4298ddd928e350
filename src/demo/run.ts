import { NestFactory } from '@nestjs/core';
import { getOrchestratorToken, type WorkflowOrchestrator } from 'nest-orchestrator';
import { AppModule } from '../app.module.js';
import { play, playAgain, type Watch } from './play.js';
import { Progress } from './progress.js';
import { endWithReader } from './reader.js';
import { SCENARIOS } from './scenarios.js';
import { styleOf } from './style.js';
import { renderSummary } from './summary.js';
import { renderTimeline, type RunReport } from './timeline.js';

/** Runs every cookbook and shows how it went. The process fails when a run ends otherwise than it was meant to. */
async function demo(): Promise<void> {
  const startedAt = performance.now();
  const style = styleOf(process.stdout);
  const progress = new Progress(process.stdout);
  const app = await NestFactory.createApplicationContext(AppModule, { logger: false, abortOnError: false });
  const orchestrator = app.get<WorkflowOrchestrator>(getOrchestratorToken('runs'), { strict: false });
  const reports: RunReport[] = [];
  const show = async (title: string, playing: (watch: Watch) => Promise<RunReport>): Promise<RunReport> => {
    const report = await playing(({ path, service, type }) => {
      progress.show(`${title}${path === null ? '' : ` › ${path}`}  ${service}: ${type.replaceAll('_', ' ')}`);
    });
    progress.clear();
    process.stdout.write(`${renderTimeline(report, style)}\n`);
    reports.push(report);
    return report;
  };
  for (const [i, scenario] of SCENARIOS.entries()) {
    const title = (cookbook: string): string => `… ${i + 1}/${SCENARIOS.length}  ${cookbook}`;
    const { mendedBy } = scenario;
    const report = await show(title(scenario.cookbook), (watch) => play(scenario, orchestrator, watch));
    if (mendedBy === undefined || !report.asMeant) continue;
    await show(title(mendedBy.cookbook), (watch) => play(mendedBy, orchestrator, watch));
    await show(title(scenario.cookbook), (watch) => playAgain(scenario, report, orchestrator, watch));
  }
  await app.close();
  process.stdout.write(`${renderSummary(reports, performance.now() - startedAt, style)}\n`);
  process.exitCode = reports.every(({ asMeant }) => asMeant) ? 0 : 1;
}

endWithReader(process.stdout);
await demo();
