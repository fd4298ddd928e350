import { clearTimeout, setTimeout } from 'node:timers'; // not the global: an app's test may fake that
import { Logger } from '@nestjs/common';
import type { Cluster, Redis } from 'ioredis';
import { messageOf } from '../../utils/describe-error.js';

/** Milliseconds for which a call waits for a connection: one that is being made takes less, and no call is queued for later. */
const CONNECTS_WITHIN = 1_000;

/** How a client of Redis is made, and what the log calls the server. */
export interface RedisServer {
  /** Without credentials. */
  readonly name: string;
  /** @param kind a subscriber keeps what it is asked until it is connected */
  readonly connect: (kind: 'commands' | 'subscriber') => Redis | Cluster;
}

/**
 * The connections of one service to its Redis. A call that finds none rejects within a second instead of being sent whenever
 * there is one again: by then somebody else may have the message. It connects again by itself, and the log says that once.
 */
export class RedisConnection {
  private readonly logger = new Logger('RedisState');
  private readonly commands: Redis | Cluster;
  private subscribing: Redis | Cluster | undefined;
  private connecting: Promise<void> | undefined;
  private isAway = false;
  private trouble = '';
  private isClosed = false;

  /** @param prepare called with the client of the commands */
  constructor(
    private readonly server: RedisServer,
    private readonly service: string,
    prepare: (client: Redis | Cluster) => void,
  ) {
    this.commands = server.connect('commands');
    prepare(this.commands);
    this.commands.on('error', (error: unknown) => {
      this.trouble = messageOf(error);
      this.away();
    });
    this.commands.on('close', () => {
      this.away();
    });
    this.commands.on('ready', () => {
      if (this.isAway) this.logger.log(`Service "${this.service}": ${this.server.name} answers again.`);
      [this.isAway, this.trouble] = [false, ''];
    });
  }

  /**
   * The client of the commands, connected.
   * @throws Error when it is not, a second later
   */
  async client(): Promise<Redis | Cluster> {
    if (this.isClosed) throw new Error(`the connection to ${this.server.name} is closed`);
    if (this.commands.status !== 'ready') await (this.connecting ??= this.ready());
    return this.commands;
  }

  /** The one connection that listens, made when somebody waits for the first time. */
  subscriber(): Redis | Cluster {
    if (this.subscribing === undefined) {
      this.subscribing = this.server.connect('subscriber');
      this.subscribing.on('error', () => undefined); // the log has it of the other one
    }
    return this.subscribing;
  }

  close(): void {
    this.isClosed = true;
    this.commands.disconnect();
    this.subscribing?.disconnect();
  }

  private ready(): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      const onReady = (): void => {
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(() => {
        this.commands.off('ready', onReady);
        reject(new Error(`${this.server.name} is away${this.trouble && ` (${this.trouble})`}`));
      }, CONNECTS_WITHIN);
      this.commands.once('ready', onReady);
    }).finally(() => (this.connecting = undefined));
  }

  private away(): void {
    if (this.isAway || this.isClosed) return;
    this.isAway = true;
    this.logger.warn(
      `Service "${this.service}": ${this.server.name} is away${this.trouble && ` (${this.trouble})`}. Messages are put back until it answers.`,
    );
  }
}
