import { once } from 'node:events';
import { Logger } from '@nestjs/common';
import { Redis } from 'ioredis';
import { messageOf } from '../../utils/describe-error.js';
import type { RedisTarget } from './redis-cache.options.js';

/** Milliseconds for which whoever must reach Redis waits for a connection that is being made. */
const WAITED_FOR = 1_000;
/** Milliseconds after which a connection on which nothing answers is given up, and made anew. */
const SILENCE = 10_000;
/** Milliseconds between two connections that are made because a server is the primary no more. */
const ASKS_AGAIN = 1_000;

/** What a connection is for, as the log says it. */
export interface Purpose {
  /** Such as `the tokens of service "orders"`. */
  readonly what: string;
  /** Such as `reads are executed`. */
  readonly withoutIt: string;
  /** Rejects where a server that can be reached is of no use. Asked of every new connection. */
  readonly check?: (client: Redis) => Promise<void>;
}

/** A connection to Redis that heals by itself, and says when it is lost and when it is back. */
export class RedisConnection {
  readonly client: Redis;
  private readonly logger = new Logger('StepCache');
  private why: unknown;
  private coming: Promise<void> | undefined;
  private isLost = false;
  private isClosed = false;
  private askedAgain = -ASKS_AGAIN;

  constructor(
    private readonly target: RedisTarget,
    private readonly purpose: Purpose,
  ) {
    const settings = {
      socketTimeout: SILENCE,
      reconnectOnError: (error: Error) => this.leadsElsewhere(error),
      ...target.options,
      lazyConnect: true,
    };
    this.client = target.url === undefined ? new Redis(settings) : new Redis(target.url, settings);
    this.client
      .on('error', (error) => (this.why = error))
      .on('close', () => {
        this.lost();
      })
      .on('ready', () => {
        void this.check();
      });
    this.client.connect().catch(() => undefined); // it tries again, and the log has said so
  }

  /** It is being made for the first time. */
  get isComing(): boolean {
    return this.client.status !== 'ready' && !this.isLost;
  }

  /** @throws Error when there is no connection within a second */
  async ready(): Promise<void> {
    if (this.client.status !== 'ready') await (this.coming ??= this.come());
  }

  close(): void {
    this.isClosed = true;
    this.client.disconnect();
  }

  /** Everybody who waits waits for one and the same. */
  private async come(): Promise<void> {
    try {
      await once(this.client, 'ready', { signal: AbortSignal.timeout(WAITED_FOR) });
    } catch {
      throw new Error(`there is no connection to ${this.target.place}`, { cause: this.why });
    } finally {
      this.coming = undefined;
    }
  }

  private lost(): void {
    if (this.isLost || this.isClosed) return;
    this.isLost = true;
    const { what, withoutIt } = this.purpose;
    const why = this.why === undefined ? 'the connection was closed' : messageOf(this.why);
    this.logger.warn(`${this.target.place} cannot be used for ${what} (${why}). Until it can, ${withoutIt}.`);
  }

  private async check(): Promise<void> {
    try {
      await this.purpose.check?.(this.client);
      this.back();
    } catch (error) {
      this.why = error;
      this.lost();
    }
  }

  private back(): void {
    this.why = undefined;
    if (!this.isLost) return;
    this.isLost = false;
    this.logger.log(`${this.target.place} can be used for ${this.purpose.what} again.`);
  }

  /** Whether a server is a replica, so that its name may lead to another one by now. */
  private leadsElsewhere({ message }: Error): boolean {
    if (!message.includes('READONLY') || performance.now() - this.askedAgain < ASKS_AGAIN) return false;
    this.askedAgain = performance.now();
    return true;
  }
}
