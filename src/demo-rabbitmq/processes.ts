import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Subject } from 'rxjs';
import type { RunEvent } from '../demo/stage.js';
import type { Told } from './told.js';

const PROGRAM = fileURLToPath(new URL('../service.js', import.meta.url));
/** Milliseconds after which a process that was asked to go is killed. */
const GRACE = 5_000;

/** The services' processes. */
export class Processes {
  /** What happens in all of them, as each tells it. */
  readonly events$ = new Subject<RunEvent>();
  private readonly running = new Map<string, ChildProcess>();
  private isOver = false;

  /** @param env of each, beside that of this process */
  constructor(private readonly env: NodeJS.ProcessEnv) {}

  /**
   * Resolves with where it answers HTTP, once it does. It may wait for its servers without end.
   * @param signal ends the waiting
   * @throws when the process ends instead
   */
  async start(service: string, signal: AbortSignal): Promise<string> {
    if (this.isOver) throw new Error(`${service} is not started: all processes are to end.`);
    const child = fork(PROGRAM, [service], { env: { ...process.env, ...this.env, PORT: '0' } });
    this.running.set(service, child);
    return new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => { reject(signal.reason as Error); }); // prettier-ignore
      child.once('error', reject);
      child.once('exit', (code, signal) => {
        if (this.running.get(service) === child) this.running.delete(service);
        reject(new Error(`The process of ${service} has ended: ${signal ?? `exit code ${String(code)}`}.`));
      });
      child.on('message', (told: Told) => {
        if (told.kind === 'ready') resolve(told.url);
        else this.events$.next(told.event);
      });
    });
  }

  pidOf(service: string): number | undefined {
    return this.running.get(service)?.pid;
  }

  /** Without a word to it: it can put nothing in order. */
  async kill(service: string): Promise<void> {
    const child = this.running.get(service);
    if (child === undefined) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }

  /** Resolves when all are gone. */
  async stop(): Promise<void> {
    this.isOver = true;
    await Promise.all(
      [...this.running.values()].map(async (child) => {
        const gone = once(child, 'exit');
        child.kill('SIGTERM');
        const timer = setTimeout(() => child.kill('SIGKILL'), GRACE);
        await gone;
        clearTimeout(timer);
      }),
    );
  }
}
