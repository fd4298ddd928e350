import 'reflect-metadata';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type * as Scripts from '../../scripts/private-servers.mjs';
import type { Case, Result } from './case.js';
import { heldBack, type Servers } from './scene.js';
import { ALL, SMOKE } from './scenes/index.js';
import { lineOf, markdownOf, type PlayedCase } from './table.js';

const USAGE = `npm run chaos                  every scene, for half an hour or so
npm run chaos -- --smoke       the small ones of the pipeline
npm run chaos -- broker        those whose names begin so`;

/** A script, which is not compiled: it lies where it always does. */
const { startRabbit, startRedis } = (await import(
  pathToFileURL(resolve('scripts/private-servers.mjs')).href
)) as typeof Scripts;

const leavesMessages = (it: Case): boolean => it.leavesMessages ?? it.control;

/** Plays the scenes, one after another, each with what must come of it. */
async function main(cases: readonly Case[]): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), 'chaos-'));
  const [broker, redis] = await Promise.all([startRabbit(root), startRedis(root, ['--appendonly', 'yes'])]);
  const played: PlayedCase[] = [];
  const faults: string[] = [];
  try {
    const servers: Servers = { broker, redis, root, startRedis: (...more) => startRedis(root, more) };
    const playEach = async (those: readonly Case[]): Promise<void> => {
      for (const each of those) {
        const startedAt = performance.now();
        const result = await each
          .play(servers)
          .catch((error: unknown): Result => ({ row: {}, problems: [String(error)] }));
        const it: PlayedCase = { of: each, ...result, seconds: Math.round((performance.now() - startedAt) / 1_000) };
        played.push(it);
        console.log(lineOf(it));
        faults.push(...it.problems.map((problem) => `${each.name}: ${problem}`));
      }
    };
    await playEach(cases.filter((each) => !leavesMessages(each)));
    if (cases !== SMOKE) {
      const held = await heldBack(servers);
      if (held > 0) faults.push(`${held} messages are held back for ever`);
    }
    await playEach(cases.filter(leavesMessages));
  } finally {
    await Promise.all([broker.stop(), redis.stop()]);
    rmSync(root, { recursive: true });
  }
  console.log(`\n${markdownOf(played)}\n`);
  console.log(faults.length === 0 ? `✔ ${cases.length} scenes as they must be` : `✘ ${faults.join('; ')}`);
  process.exit(faults.length === 0 ? 0 : 1);
}

const words = process.argv.slice(2);
if (words.includes('--help')) console.log(USAGE);
else if (words.includes('--smoke')) await main(SMOKE);
else await main(ALL.filter(({ name }) => words.length === 0 || words.some((word) => name.startsWith(word))));
