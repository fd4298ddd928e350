import 'reflect-metadata';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import Table from 'cli-table3';
import type * as Scripts from '../../scripts/private-servers.mjs';
import { heldBack, play, type Servers } from './scene.js';
import { type Case, FULL, SMOKE } from './scenes.js';

const USAGE = `npm run chaos                  every scene, for an hour or so
npm run chaos -- --smoke       the small ones of the pipeline
npm run chaos -- broker        those whose names begin so`;

/** A script, which is not compiled: it lies where it always does. */
const { startRabbit, startRedis } = (await import(
  pathToFileURL(resolve('scripts/private-servers.mjs')).href
)) as typeof Scripts;

/** Plays the scenes, one after another, each with what must come of it. */
async function main(cases: readonly Case[]): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), 'chaos-'));
  const [broker, redis] = await Promise.all([startRabbit(root), startRedis(root, ['--appendonly', 'yes'])]);
  const table = new Table({ head: ['scene', 'runs', 'struck', 'lost', 'split', 'wrong', 'failed', 'repeated', 'unexplained', 'left', 's', ''], style: { head: [], border: [] } }); // prettier-ignore
  const faults: string[] = [];
  try {
    const servers: Servers = { amqp: broker.url, redis: redis.url, root };
    const controls = cases.filter(({ name }) => name.startsWith('control')); // they leave messages behind
    for (const each of [...cases.filter((one) => !controls.includes(one)), ...controls]) {
      if (each === controls[0] && cases !== SMOKE) {
        const held = await heldBack(servers);
        if (held > 0) faults.push(`${held} messages are held back for ever`);
      }
      const startedAt = performance.now();
      const verdict = await play(each.scene({ broker, redis }), servers);
      const seconds = Math.round((performance.now() - startedAt) / 1_000);
      const problems = each.problems(verdict);
      const { runs, strikes, lost, split, wrong, failed, repeated, unexplained, left } = verdict;
      const row = [each.name, runs, strikes, lost, split, wrong, failed, repeated, unexplained, left, seconds, problems.length === 0 ? 'ok' : 'FAIL']; // prettier-ignore
      table.push(row);
      console.log(row.join(' · '), ...problems);
      faults.push(...problems.map((problem) => `${each.name}: ${problem}`));
    }
  } finally {
    await Promise.all([broker.stop(), redis.stop()]);
    rmSync(root, { recursive: true });
  }
  console.log(table.toString());
  console.log(faults.length === 0 ? `✔ ${cases.length} scenes as they must be` : `✘ ${faults.join('; ')}`);
  process.exit(faults.length === 0 ? 0 : 1);
}

const words = process.argv.slice(2);
if (words.includes('--help')) console.log(USAGE);
else if (words.includes('--smoke')) await main(SMOKE);
else
  await main(
    [...SMOKE, ...FULL].filter(({ name }) => words.length === 0 || words.some((word) => name.startsWith(word))),
  );
