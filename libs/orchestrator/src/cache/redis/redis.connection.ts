import { once } from 'node:events';
import { Logger } from '@nestjs/common';
import { Redis } from 'ioredis';
import { messageOf } from '../../utils/describe-error.js';
import type { RedisTarget } from './redis-cache.options.js';

/** Milliseconds for which whoever must reach Redis waits for a connection that is being made. */
const WAITED_FOR = 1_000;
/** Milliseconds after which a connection on which nothing answers is given up, and made anew. */
const SILENCE = 10_000;

/** What a connection is for, as the log says it. */
export interface Purpose {
  /** Such as `the tokens of service "orders"`. */
  readonly what: string;
  /** Such as `reads are executed`. */
  readonly withoutIt: string;
}

/** A connection to Redis that heals by itself, and says when it is lost and when it is back. */
export class RedisConnection {
  readonly client: Redis;
  private readonly logger = new Logger('StepCache');
  private why: unknown;
  private isLost = false;
  private isClosed = false;

  constructor(
    private readonly target: RedisTarget,
    private readonly purpose: Purpose,
  ) {
    const settings = {
      socketTimeout: SILENCE,
      reconnectOnError: isNoPrimary, // its name may lead to another server by now
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
        this.back();
      });
    this.client.connect().catch(() => undefined); // it tries again, and the log has said so
  }

  /** @throws Error when there is no connection within a second */
  async ready(): Promise<void> {
    if (this.client.status === 'ready') return;
    const soon = AbortSignal.timeout(WAITED_FOR);
    await once(this.client, 'ready', { signal: soon }).catch(() => {
      throw new Error(`there is no connection to ${this.target.place}`, { cause: this.why });
    });
  }

  close(): void {
    this.isClosed = true;
    this.client.disconnect();
  }

  private lost(): void {
    if (this.isLost || this.isClosed) return;
    this.isLost = true;
    const { what, withoutIt } = this.purpose;
    const why = this.why === undefined ? 'the connection was closed' : messageOf(this.why);
    this.logger.warn(`No connection to ${this.target.place} for ${what} (${why}). Until there is one, ${withoutIt}.`);
  }

  private back(): void {
    this.why = undefined;
    if (!this.isLost) return;
    this.isLost = false;
    this.logger.log(`Connected to ${this.target.place} for ${this.purpose.what}.`);
  }
}

/** Whether a server that was the primary is no more. */
const isNoPrimary = ({ message }: Error): boolean => message.includes('READONLY');
