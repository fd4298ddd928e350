// Runs a command with servers of its own, named by REDIS_URL, AMQP_URL and NATS_URL, and stops them after it.
//   node scripts/with-servers.mjs redis rabbitmq -- node dist/bench/bench/rabbitmq.js
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startServers } from './private-servers.mjs';

const given = process.argv.slice(2);
const at = given.indexOf('--');
const [names, [program, ...args]] = [given.slice(0, at), given.slice(at + 1)];
const root = mkdtempSync(join(tmpdir(), 'orchestrator-'));
let stop = () => Promise.resolve();
try {
  stop = await startServers(names, root);
  const child = spawn(program, args, { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
  process.exitCode = await new Promise((resolve, reject) => {
    child.once('error', reject).once('close', (code) => resolve(code ?? 1));
  });
} finally {
  await stop();
  rmSync(root, { recursive: true, force: true });
}
