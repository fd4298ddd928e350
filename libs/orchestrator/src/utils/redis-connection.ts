import { clearTimeout, setTimeout } from 'node:timers'; // not the global: an app's test may fake that
import { Logger } from '@nestjs/common';
import type { Cluster, Redis, RedisOptions } from 'ioredis';
import { ConfigurationError } from '../errors/configuration.error.js';
import { describe } from './describe.js';
import { messageOf } from './describe-error.js';
import { gatherWrites } from './gather-writes.js';

/** Milliseconds for which whoever must reach Redis waits for a connection that is being made. */
const WAITED_FOR = 1_000;

/**
 * Checks where a Redis is said to be: what ioredis would find out later, and in a way that ends the process.
 * @param where the name of the option that has these options
 * @throws ConfigurationError
 */
export function checkServer(of: string, url: URL | undefined, options: RedisOptions, where: string): void {
  const { sentinels, name, db } = options;
  const texts = [url?.pathname.slice(1) ?? '', url?.searchParams.get('db') ?? ''];
  const wrong =
    texts.find((text) => !/^\d*$/.test(text)) ?? (db === undefined || Number.isSafeInteger(db) ? undefined : db);
  if (wrong !== undefined) throw new ConfigurationError(`${of}: the database must be a number, such as redis://localhost:6379/0 (got ${describe(wrong)}).`); // prettier-ignore
  if (sentinels !== undefined && name === undefined) throw new ConfigurationError(`${of}: ${where}.name must be the name that the sentinels know, such as 'mymaster' (got nothing).`); // prettier-ignore
}

/** What a connection is for, as the log says it. */
export interface Purpose<Client> {
  /** Such as `the tokens of service "orders"`. */
  readonly what: string;
  /** Such as `reads are executed`. */
  readonly withoutIt: string;
  /** Rejects where a server that can be reached is of no use. Asked of every new connection. */
  readonly check?: (client: Client) => Promise<void>;
}

/**
 * A connection to Redis that heals by itself, and says when it is lost and when it is back. Who finds none waits for a second, and is
 * told then: what is sent whenever there is one again may come when others have gone on.
 */
export class RedisConnection<Client extends Redis | Cluster = Redis> {
  private readonly logger = new Logger('Redis');
  private why: unknown;
  private coming: Promise<void> | undefined;
  private isLost = false;
  private isClosed = false;

  /** @param place for log and errors, without credentials */
  constructor(
    readonly client: Client,
    private readonly place: string,
    private readonly purpose: Purpose<Client>,
  ) {
    (client as Redis)
      .on('error', (error) => {
        this.why = error;
      })
      .on('connect', () => {
        if ('stream' in client) gatherWrites(client.stream); // not those of a cluster, which has many
      })
      .on('close', () => {
        this.lost();
      })
      .on('ready', () => {
        void this.check();
      });
  }

  /** It is being made for the first time. */
  get isComing(): boolean {
    return this.client.status !== 'ready' && !this.isLost;
  }

  /**
   * The client, once it is connected.
   * @throws Error when it is not within a second
   */
  async ready(): Promise<Client> {
    if (this.isClosed) throw new Error(`the connection to ${this.place} is closed`);
    if (this.client.status !== 'ready') await (this.coming ??= this.come());
    return this.client;
  }

  close(): void {
    this.isClosed = true;
    this.client.disconnect();
  }

  /** Everybody who waits waits for one and the same. */
  private come(): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      const ready = (): void => {
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(() => {
        this.client.off('ready', ready);
        reject(new Error(`${this.place} is away (${this.reason})`, { cause: this.why }));
      }, WAITED_FOR);
      this.client.once('ready', ready);
    }).finally(() => (this.coming = undefined));
  }

  private get reason(): string {
    return this.why === undefined ? 'the connection was closed' : messageOf(this.why);
  }

  private lost(): void {
    if (this.isLost || this.isClosed) return;
    this.isLost = true;
    const { what, withoutIt } = this.purpose;
    this.logger.warn(`${this.place} cannot be used for ${what} (${this.reason}). Until it can, ${withoutIt}.`);
  }

  private async check(): Promise<void> {
    try {
      await this.select();
      await this.purpose.check?.(this.client);
      this.back();
    } catch (error) {
      this.why = error;
      this.lost();
    }
  }

  /** The client goes on in database 0 where the one that it is to use is not there: among what is somebody else's. */
  private async select(): Promise<void> {
    const db = 'options' in this.client ? ((this.client as Redis).options.db ?? 0) : 0;
    if (db === 0) return;
    await (this.client as Redis).select(db).catch((error: unknown) => {
      if (messageOf(error).includes('out of range')) this.client.disconnect();
      throw error;
    });
  }

  private back(): void {
    this.why = undefined;
    if (!this.isLost) return;
    this.isLost = false;
    this.logger.log(`${this.place} can be used for ${this.purpose.what} again.`);
  }
}
