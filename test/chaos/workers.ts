import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type { Setting } from './settings.js';

const PROGRAM = new URL('./worker.js', import.meta.url);

/** So many processes that end before they are up, and that nobody has killed, one after another: no more are tried. */
const STILLBORN = 10;

/** Processes that handle messages: killed, and put up again. */
export class Workers {
  /** Of every process that was killed, when: milliseconds since the epoch. */
  readonly killed = new Map<number, number>();
  /** What they warned of. */
  readonly warnings: string[] = [];
  private readonly running = new Set<ChildProcess>();
  /** Those that are coming up. */
  private readonly coming = new Set<Promise<void>>();
  private stillborn = 0;
  private closing = false;

  private constructor(private readonly setting: Setting) {}

  static async start(setting: Setting, count: number): Promise<Workers> {
    const workers = new Workers(setting);
    await Promise.all(Array.from({ length: count }, () => workers.add()));
    return workers;
  }

  /** Another process. Resolves when it is up. */
  async add(more: Partial<Setting> = {}): Promise<void> {
    const worker = fork(PROGRAM, { env: { ...process.env, CHAOS: JSON.stringify({ ...this.setting, ...more }) } });
    this.running.add(worker);
    let up = false;
    const ready = new Promise<void>((resolve) => {
      worker.on('message', (told: 'ready' | { readonly line: string }) => {
        if (told !== 'ready') this.warnings.push(told.line);
        else {
          up = true;
          resolve();
        }
      });
    });
    worker.once('exit', (_, signal) => {
      this.running.delete(worker);
      this.stillborn = up || signal !== null ? 0 : this.stillborn + 1;
      if (signal === 'SIGKILL' && worker.pid !== undefined) this.killed.set(worker.pid, Date.now());
      if (this.stillborn >= STILLBORN)
        console.error(`${STILLBORN} processes in a row ended before they were up: no more are started.`);
      else if (!this.closing) this.replace(more);
    });
    await Promise.race([ready, once(worker, 'exit')]);
  }

  /**
   * Signals one of them, and resolves when another one has taken its place: processes must come up sometimes.
   * @returns how many were struck
   */
  async strike(signal: NodeJS.Signals): Promise<number> {
    const all = [...this.running];
    const victim = all[Math.floor(Math.random() * all.length)];
    if (victim === undefined) return 0;
    const gone = once(victim, 'exit');
    victim.kill(signal);
    await gone;
    await Promise.all(this.coming);
    return 1;
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

  private replace(more: Partial<Setting>): void {
    const coming = this.add(more).finally(() => this.coming.delete(coming));
    this.coming.add(coming);
  }
}
