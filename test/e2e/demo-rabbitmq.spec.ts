import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, jest } from '@jest/globals';
import { succeed } from '../support/shell.js';
import { until } from '../support/until.js';

jest.setTimeout(300_000); // it builds the example first, and starts servers

/** Its servers are its own: queues have the names of services, and a shared broker has some of others. */
const OWN_SERVERS = ['-u', 'AMQP_URL', '-u', 'REDIS_URL'];

const PATIENT = { timeoutMs: 120_000 };

describe('npm run demo:rabbitmq', () => {
  it('completes every run though a process is killed, charges once, and says so last', async () => {
    const stdout = await succeed('.', 'env', ...OWN_SERVERS, 'npm', 'run', 'demo:rabbitmq');
    expect(stdout.trimEnd().split('\n').at(-1)).toMatch(
      /^✔ 51 runs completed, payments killed once, 0 charged twice, in/,
    );
    expect(stdout).toMatch(/payments \d+ killed with SIGKILL.+payments \d+ is up in its place.+50 runs have ended/s);
    expect(stdout).toContain('charged 20 times, for 20 runs that charge');
    expect(stdout).toMatch(/orders +promise-delivery .+ miss .+ hit .+catalog +receive-stock .+ purge: stock towel-solstice .+ miss /s); // prettier-ignore
  });

  describe('that is interrupted', () => {
    const own = mkdtempSync(join(tmpdir(), 'interrupted-'));
    let demo: ChildProcess | undefined;
    afterAll(async () => {
      demo?.kill();
      await until(() => demo?.exitCode !== null, PATIENT);
      rmSync(own, { recursive: true, force: true });
    });

    it('leaves no process and no folder behind, even while one comes up', async () => {
      const env: NodeJS.ProcessEnv = { ...process.env, TMPDIR: own };
      for (const name of ['AMQP_URL', 'REDIS_URL']) env[name] = '';
      const program = ['scripts/with-servers.mjs', 'redis', 'rabbitmq', '--', process.execPath, 'dist/src/demo-rabbitmq/run.js']; // prettier-ignore
      const { stdout } = (demo = spawn(process.execPath, program, { env, stdio: ['ignore', 'pipe', 'inherit'] }));
      let said = '';
      stdout.on('data', (bytes: Buffer) => (said += bytes.toString()));
      let code: number | null | undefined;
      demo.once('close', (ended) => (code = ended));
      await until(() => said.includes('killed with SIGKILL'), PATIENT); // and its successor is about to come up
      const pids = [...(/are up.*/.exec(said)?.[0] ?? '').matchAll(/[a-z] (\d+)(?:,|$)/g)].map(([, pid]) =>
        Number(pid),
      );
      expect(pids.filter(isThere)).toHaveLength(5);
      demo.kill('SIGINT');
      await until(() => code !== undefined, PATIENT);
      expect({ code, last: said.trimEnd().split('\n').at(-1) }).toEqual({
        code: 1,
        last: '✖ It was interrupted by SIGINT.',
      });
      expect(pids.filter(isThere)).toEqual([]);
      expect(readdirSync(own)).toEqual([]);
    });
  });
});

/** There, or not yet reaped. */
function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
