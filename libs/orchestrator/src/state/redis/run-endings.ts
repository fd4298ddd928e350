import type { Cluster, Redis } from 'ioredis';
import { clearTimeout, setTimeout } from 'node:timers'; // not the global: an app's test may fake that
import { SystemClock } from '../../utils/clock.js';
import { settledWithin } from '../../utils/deadline.js';
import { EndWaiters } from '../end-waiters.js';
import type { RunStatus, RunSummary } from '../state.store.js';
import { summaryOf } from '../summary.js';
import { placeOf } from './run-keys.js';

/** Milliseconds until it is looked whether a run has ended of which nobody told: at first, and at last. */
const [FIRST_LOOK, LAST_LOOK] = [1_000, 5_000];

/** Milliseconds for which a run is not started that somebody would listen to. */
const LISTENS_WITHIN = 1_000;

/** A run whose end somebody of this process waits for. */
interface Watch {
  pause: number;
  timer?: NodeJS.Timeout;
  /** Resolves when its end is heard from now on. */
  listening?: Promise<void>;
}

/** The ends of runs, as they are told on a channel of each run, or found in its record. */
export class RunEndings {
  private readonly waiting = new EndWaiters();
  private readonly watched = new Map<string, Watch>();
  /** Runs by channel. */
  private readonly channels = new Map<string, string>();
  /** The one connection that listens, made when somebody waits for the first time. */
  private subscriber: Redis | Cluster | undefined;
  private isClosed = false;

  constructor(
    private readonly connect: () => Redis | Cluster,
    private readonly namespace: string,
    private readonly status: (workflowId: string) => Promise<RunStatus>,
  ) {}

  async wait(workflowId: string, signal: AbortSignal): Promise<RunSummary> {
    if (this.isClosed) throw new Error('the state store is closed');
    const waiting = this.waiting.wait(workflowId, signal, undefined);
    this.watch(workflowId);
    try {
      return await waiting;
    } finally {
      if (!this.waiting.has(workflowId)) this.unwatch(workflowId);
    }
  }

  /** Of a run that somebody waits for: resolves when its end is heard from now on, or a second later. */
  listening(workflowId: string): Promise<void> {
    const { listening = Promise.resolve() } = this.watched.get(workflowId) ?? {};
    return settledWithin(new SystemClock(), LISTENS_WITHIN, listening);
  }

  close(): void {
    this.isClosed = true;
    for (const workflowId of this.watched.keys()) this.unwatch(workflowId);
    this.subscriber?.disconnect();
  }

  private watch(workflowId: string): void {
    if (this.watched.has(workflowId)) return;
    const watch: Watch = { pause: FIRST_LOOK };
    this.watched.set(workflowId, watch);
    watch.listening = this.follow(workflowId, watch);
  }

  /** Looks, listens, and looks again: what ended before it could be heard is in the record. Then looks from time to time. */
  private async follow(workflowId: string, watch: Watch): Promise<void> {
    await this.look(workflowId);
    if (!this.isCurrent(workflowId, watch)) return;
    this.lookLater(workflowId, watch);
    const { channel } = placeOf(this.namespace, workflowId);
    this.channels.set(channel, workflowId);
    await this.subscribe(channel);
    if (this.isCurrent(workflowId, watch)) await this.look(workflowId);
  }

  private async subscribe(channel: string): Promise<void> {
    this.subscriber ??= this.listen();
    await this.subscriber.subscribe(channel).catch(() => undefined); // it is looked from time to time
  }

  private listen(): Redis | Cluster {
    const subscriber = this.connect();
    subscriber.on('error', () => undefined); // the log has it of the connection of the records
    subscriber.on('message', (from: string, summary: string) => {
      const workflowId = this.channels.get(from);
      if (workflowId !== undefined) this.tell(workflowId, summary);
    });
    return subscriber;
  }

  private lookLater(workflowId: string, watch: Watch): void {
    watch.timer = setTimeout(() => {
      watch.pause = Math.min(watch.pause * 1.5, LAST_LOOK);
      void this.look(workflowId).then(() => {
        if (this.isCurrent(workflowId, watch)) this.lookLater(workflowId, watch);
      });
    }, watch.pause);
  }

  private async look(workflowId: string): Promise<void> {
    try {
      const status = await this.status(workflowId);
      if (isOver(status)) this.tell(workflowId, JSON.stringify(status));
    } catch {
      // Redis is away: whoever waits, waits on.
    }
  }

  /** @param summary JSON: whoever is given it may change it */
  private tell(workflowId: string, summary: string): void {
    this.waiting.tell(workflowId, () => summaryOf(summary));
  }

  private unwatch(workflowId: string): void {
    clearTimeout(this.watched.get(workflowId)?.timer);
    this.watched.delete(workflowId);
    const { channel } = placeOf(this.namespace, workflowId);
    if (this.channels.delete(channel)) {
      this.subscriber?.unsubscribe(channel).catch(() => undefined);
    }
  }

  private isCurrent(workflowId: string, watch: Watch): boolean {
    return this.watched.get(workflowId) === watch;
  }
}

const isOver = (status: RunStatus): status is RunSummary =>
  ['completed', 'failed', 'cancelled'].includes(status.status);
