import { Logger } from '@nestjs/common';
import { ClientRedis, type RedisOptions, ServerRedis } from '@nestjs/microservices';
import { lastValueFrom } from 'rxjs';
import { BrokerUnavailableError } from '../../errors/broker-unavailable.error.js';
import { UnroutableError } from '../../errors/unroutable.error.js';
import { describeError } from '../../utils/describe-error.js';
import { isWorkflow } from '../destinations.js';
import { listening, within } from './listening.js';
import { type Packet, packetOf } from './packet.js';
import { FleetingWire, type Take } from './wire.js';

/** Milliseconds for which Redis is waited for. */
const ANSWERS_WITHIN = 10_000;

/** What is used of a connection of `ioredis`. */
interface Connection {
  pubsub(subcommand: 'NUMSUB', channel: string): Promise<unknown[]>;
  subscribe(channel: string): Promise<unknown>;
  unsubscribe(): Promise<unknown>;
}

/** Redis pub/sub: every process that listens has every message, at most once. */
export class RedisWire extends FleetingWire {
  override readonly kind = 'redis';
  override readonly capabilities = { durable: false, delay: false, competing: false, redelivery: false };
  private readonly logger = new Logger('NestTransport');
  private readonly options: NonNullable<RedisOptions['options']>;
  private readonly client: ClientRedis;
  private servers: ServerRedis[] = [];

  constructor(options: NonNullable<RedisOptions['options']>) {
    super();
    // What waits for a connection, or is sent again over the next one, would come twice.
    const once = { enableOfflineQueue: false, autoResendUnfulfilledCommands: false, wildcards: false };
    this.options = { retryAttempts: Number.MAX_SAFE_INTEGER, retryDelay: 500, ...options, ...once };
    this.client = new ClientRedis(this.options);
  }

  override async listen(destination: string, take: Take): Promise<void> {
    const server = new ServerRedis({ ...this.options, enableOfflineQueue: true });
    const hear = (data: unknown): Promise<void> => {
      void take(packetOf(data), 1);
      return Promise.resolve();
    };
    server.addHandler(destination, hear, true);
    await listening(server, 'Redis');
    this.servers.push(server);
    await server.unwrap<[Connection, Connection]>()[1].subscribe(destination); // the server has not waited for it
  }

  override async send(destination: string, packet: Packet): Promise<void> {
    const listeners = await this.listeners(destination);
    if (listeners === 0 && isWorkflow(destination)) throw new UnroutableError(destination);
    try {
      const sending = lastValueFrom(this.client.emit(destination, packet), { defaultValue: undefined });
      await within(ANSWERS_WITHIN, 'Publishing to Redis', sending);
    } catch (error) {
      this.logger.warn(`Message "${packet.message_id}" to "${destination}" may be lost: ${describeError(error)}`);
    }
  }

  override async stop(): Promise<void> {
    for (const server of this.servers) await server.unwrap<[Connection, Connection]>()[1].unsubscribe().catch(() => undefined); // prettier-ignore
  }

  override async close(): Promise<void> {
    await Promise.all([this.client, ...this.servers.splice(0)].map((each) => each.close().catch(() => undefined)));
  }

  /** @throws BrokerUnavailableError */
  private async listeners(destination: string): Promise<number> {
    const ask = async (): Promise<number> => {
      await this.client.connect();
      const [, count] = await this.client.unwrap<[Connection, Connection]>()[0].pubsub('NUMSUB', destination);
      return Number(count);
    };
    try {
      return await within(ANSWERS_WITHIN, 'Asking Redis', ask());
    } catch (error) {
      throw new BrokerUnavailableError(`Redis does not answer: ${describeError(error)}`, { cause: error });
    }
  }
}
