import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { endWithReader } from '../demo/reader.js';
import { styleOf } from '../demo/style.js';
import { boot, killAmongRuns, readFresh, type Stage } from './acts.js';
import { Processes } from './processes.js';

/** Milliseconds after which the demo gives up. */
const TOO_LONG = 120_000;

/**
 * The shop as separate processes on RabbitMQ and Redis: one is killed while runs are under way, and it is looked whether all
 * of them complete, charge once, and read what is true. The process fails when anything is not so.
 */
async function demo(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'shop-'));
  const processes = new Processes({ SHOP_DATA: folder });
  const over = new AbortController();
  const timer = setTimeout(() => {
    over.abort(new Error(`It has not ended within ${TOO_LONG / 1_000} s.`));
  }, TOO_LONG);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      over.abort(new Error(`It was interrupted by ${signal}.`));
    });
  }
  try {
    const say = (line: string): void => {
      process.stdout.write(`${line}\n`);
    };
    const stage = { processes, folder, signal: over.signal, style: styleOf(process.stdout), say };
    process.exitCode = (await perform(stage)) ? 0 : 1;
  } catch (error) {
    const because = (over.signal.aborted ? over.signal.reason : error) as Error;
    process.stdout.write(`✖ ${because.message}\n`);
    process.exitCode = 1;
  } finally {
    clearTimeout(timer);
    await processes.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @returns whether everything is as promised */
async function perform(stage: Stage): Promise<boolean> {
  const startedAt = performance.now();
  const desk = await boot(stage);
  const acts = [await readFresh(desk, stage), await killAmongRuns(desk, stage)];
  const problems = acts.flatMap((act) => act.problems);
  const runs = acts.flatMap((act) => act.runs).length;
  const took = `${((performance.now() - startedAt) / 1_000).toFixed(1)} s`;
  for (const problem of problems) stage.say(`✖ ${problem}`);
  stage.say(problems.length === 0 ? `✔ ${runs} runs completed, payments killed once, 0 charged twice, in ${took}` : `✖ ${problems.length} of what was promised is not so, in ${took}`); // prettier-ignore
  return problems.length === 0;
}

endWithReader(process.stdout);
await demo();
