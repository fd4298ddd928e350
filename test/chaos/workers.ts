import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type { Setting } from './settings.js';

const PROGRAM = new URL('./worker.js', import.meta.url);

/** Processes that handle messages: killed, and put up again. */
export class Workers {
  /** Of every process that was killed, when: milliseconds since the epoch. */
  readonly killed = new Map<number, number>();
  private readonly running = new Set<ChildProcess>();
  private closing = false;

  private constructor(private readonly setting: Setting) {}

  static async start(setting: Setting, count: number): Promise<Workers> {
    const workers = new Workers(setting);
    await Promise.all(Array.from({ length: count }, () => workers.add()));
    return workers;
  }

  /** Signals one of them, and resolves when it is gone; another one takes its place. */
  async strike(signal: NodeJS.Signals): Promise<void> {
    const all = [...this.running];
    const victim = all[Math.floor(Math.random() * all.length)];
    if (victim === undefined) return;
    const gone = once(victim, 'exit');
    victim.kill(signal);
    await gone;
  }

  async stop(): Promise<void> {
    this.closing = true;
    await Promise.all(
      [...this.running].map(async (worker) => {
        const gone = once(worker, 'exit');
        worker.kill('SIGTERM');
        await gone;
      }),
    );
  }

  private async add(): Promise<void> {
    const worker = fork(PROGRAM, { env: { ...process.env, CHAOS: JSON.stringify(this.setting) } });
    this.running.add(worker);
    worker.once('exit', (_, signal) => {
      this.running.delete(worker);
      if (signal === 'SIGKILL' && worker.pid !== undefined) this.killed.set(worker.pid, Date.now());
      if (!this.closing) void this.add();
    });
    await Promise.race([once(worker, 'message'), once(worker, 'exit')]);
  }
}
