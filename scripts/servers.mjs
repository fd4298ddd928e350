// Makes sure that servers can be started: named by a URL, installed, or installed now. Built-ins only.
//   node scripts/servers.mjs                 all of them
//   node scripts/servers.mjs redis nats      these
import { spawnSync } from 'node:child_process';
import { find, SERVERS } from './private-servers.mjs';

const asked = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(SERVERS);
const missing = asked
  .map((name) => SERVERS[name])
  .filter(({ variable, program }) => !process.env[variable] && find(program) === undefined);
const programs = missing.map(({ program }) => program).join(' ');
if (missing.length > 0) {
  const apt = find('apt-get');
  if (process.getuid?.() !== 0 || apt === undefined) {
    const variables = missing.map(({ variable }) => variable).join(', ');
    console.error(
      `Missing: ${programs}. Install them (Debian: sudo apt-get install ${programs}), or set ${variables}.`,
    );
    process.exit(1);
  }
  const startedAt = performance.now();
  process.stdout.write(`Installing ${programs} with apt-get … `);
  // What a package starts by itself would take the well-known ports, and outlive us.
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  for (const args of [
    ['update', '-qq'],
    ['install', '-y', '-qq', '--no-install-recommends', ...missing.map(({ program }) => program)],
  ]) {
    const { status, stderr } = spawnSync(apt, args, { stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8', env });
    if (status !== 0) {
      process.stdout.write('failed\n');
      process.stderr.write(stderr ?? '');
      process.exit(status ?? 1);
    }
  }
  process.stdout.write(`done in ${((performance.now() - startedAt) / 1_000).toFixed(1)} s\n`);
}
