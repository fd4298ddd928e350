import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command to its end, whatever that is. Colours are off, so that its output can be read. */
export async function run(cwd: string, command: string, ...args: readonly string[]): Promise<Finished> {
  const child = spawn(command, args, {
    cwd,
    env: { ...process.env, NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const code = new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve));
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { code: await code, stdout, stderr };
}

/** Runs a command that must succeed. */
export async function succeed(cwd: string, command: string, ...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await run(cwd, command, ...args);
  if (code !== 0) throw new Error(`${[command, ...args].join(' ')} ended with ${String(code)}:\n${stdout}\n${stderr}`);
  return stdout;
}
