import { NestFactory } from '@nestjs/core';
import { AppModule } from '../app.module.js';
import { play, playAgain, type Watch } from './play.js';
import { Progress } from './progress.js';
import { endWithReader } from './reader.js';
import { ask, renderRequest } from './request.js';
import { SCENARIOS } from './scenarios.js';
import { stageOf } from './stage.js';
import { styleOf } from './style.js';
import { renderSummary } from './summary.js';
import { renderTimeline, type RunReport } from './timeline.js';

/** Runs every cookbook and shows how it went. The process fails when a run ends otherwise than it was meant to. */
async function demo(): Promise<void> {
  const startedAt = performance.now();
  const style = styleOf(process.stdout);
  const progress = new Progress(process.stdout);
  const app = await NestFactory.create(AppModule, { logger: false, abortOnError: false });
  await app.init();
  const stage = stageOf(app);
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
    const { request, mendedBy } = scenario;
    if (request !== undefined) process.stdout.write(renderRequest(await ask(request, app, stage), style));
    const report = await show(title(scenario.cookbook), (watch) => play(scenario, stage, watch));
    if (mendedBy === undefined || !report.asMeant) continue;
    await show(title(mendedBy.cookbook), (watch) => play(mendedBy, stage, watch));
    await show(title(scenario.cookbook), (watch) => playAgain(scenario, report, stage, watch));
  }
  await app.close();
  process.stdout.write(`${renderSummary(reports, performance.now() - startedAt, style)}\n`);
  process.exitCode = reports.every(({ asMeant }) => asMeant) ? 0 : 1;
}

endWithReader(process.stdout);
await demo();
