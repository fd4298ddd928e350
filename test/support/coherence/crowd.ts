import { until } from '../until.js';
import type { Callers } from './callers.js';
import { type History, violationsOf } from './history.js';

/** Readers and writers, who call applications over one database all the time. */
export class Crowd {
  /** How often somebody was not told that a change was made. */
  refused = 0;
  reads = 0;
  private over = false;
  private readonly acting: Promise<unknown>[] = [];
  private writers = 0;
  private writing: Promise<unknown>[] = [];

  constructor(
    private readonly callers: readonly Callers[],
    readonly history: History,
  ) {}

  /** Readers and writers begin, each with another of the applications. */
  begin({ readers = 8, writers = 2 } = {}): void {
    for (let at = 0; at < readers; at += 1) {
      const reading = this.read(this.callerOf(at));
      reading.catch(() => undefined); // told at the end
      this.acting.push(reading);
    }
    this.write(writers);
  }

  /** So many write from now on. */
  write(writers: number): void {
    this.writers = writers;
    for (let at = 0; at < writers; at += 1) this.writing.push(this.change(this.callerOf(at), at));
  }

  /** Nobody writes any more, and what was written is acknowledged, or never will be. */
  async rest(): Promise<void> {
    this.writers = 0;
    await Promise.all(this.writing.splice(0));
  }

  /** Lets so many reads happen. */
  async pass(reads: number): Promise<void> {
    const before = this.reads;
    await until(() => this.reads - before >= reads, { timeoutMs: 60_000, what: `${reads} reads` });
  }

  /** What broke the promise so far. */
  violations(): readonly string[] {
    return violationsOf(this.history.events);
  }

  /** All of them stop. What broke the promise. Rejects where a read failed. */
  async end(): Promise<readonly string[]> {
    this.over = true;
    await Promise.all(this.acting);
    await this.rest();
    return this.violations();
  }

  async close(): Promise<void> {
    this.over = true;
    await Promise.allSettled([...this.acting, this.rest()]);
  }

  private callerOf(at: number): Callers {
    const caller = this.callers[at % this.callers.length];
    if (caller === undefined) throw new Error('There is no application.');
    return caller;
  }

  /** A read never fails, whatever becomes of Redis. */
  private async read(caller: Callers): Promise<void> {
    while (!this.over) {
      await caller.read();
      this.reads += 1;
    }
  }

  private async change(caller: Callers, at: number): Promise<void> {
    while (at < this.writers) await caller.write().catch(() => (this.refused += 1));
  }
}
