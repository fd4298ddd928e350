import { ClientNats, type NatsOptions, ServerNats } from '@nestjs/microservices';
import { lastValueFrom } from 'rxjs';
import { BrokerUnavailableError } from '../../errors/broker-unavailable.error.js';
import { MessageTooLargeError } from '../../errors/message-too-large.error.js';
import { UnroutableError } from '../../errors/unroutable.error.js';
import { describeError } from '../../utils/describe-error.js';
import { isWorkflow, ownerOf } from '../destinations.js';
import { listening } from './listening.js';
import { type Packet, packetOf } from './packet.js';
import { receipt } from './receipt.js';
import { FleetingWire, type Take } from './wire.js';

/** What is used of a connection of either client of NATS that Nest knows. */
interface Connection {
  readonly info?: { readonly max_payload: number };
  drain(): Promise<void>;
}

/** NATS: each message to one member of a queue group, at most once. */
export class NatsWire extends FleetingWire {
  override readonly kind = 'nats';
  override readonly capabilities = { durable: false, delay: false, competing: true, redelivery: false };
  private readonly client: ClientNats;
  private readonly options: NonNullable<NatsOptions['options']>;
  private servers: ServerNats[] = [];

  constructor(
    private readonly service: string,
    options: NonNullable<NatsOptions['options']>,
  ) {
    super();
    this.options = { maxReconnectAttempts: -1, reconnectTimeWait: 500, ...options, gracefulShutdown: false };
    this.client = new ClientNats(this.options);
  }

  override async listen(destination: string, take: Take): Promise<void> {
    const { queue } = this.options;
    // Of a topic each service has every message.
    const group = ownerOf(destination) === undefined ? `${queue ?? ''}.${this.service}` : queue;
    const server = new ServerNats({ ...this.options, ...(group !== undefined && { queue: group }) });
    const answer = (data: unknown): Promise<boolean> => {
      void take(packetOf(data), 1);
      return Promise.resolve(true);
    };
    server.addHandler(destination, answer);
    await listening(server, 'NATS');
    this.servers.push(server);
  }

  override async send(destination: string, packet: Packet): Promise<void> {
    try {
      await this.client.connect();
      if (isWorkflow(destination)) await receipt(this.client, destination, packet);
      else await lastValueFrom(this.client.emit(destination, packet), { defaultValue: undefined });
    } catch (error) {
      const reason = describeError(error);
      if (reason.includes('no subscribers')) throw new UnroutableError(destination);
      if (/max_payload/i.test(reason)) throw this.tooLarge(packet);
      throw new BrokerUnavailableError(`NATS did not take message "${packet.message_id}" to "${destination}": ${reason}`, { cause: error }); // prettier-ignore
    }
  }

  /** What has reached this process is handled; other members of the group have the rest. */
  override async stop(): Promise<void> {
    const servers = this.servers.splice(0);
    await Promise.all(servers.map((server) => server.unwrap<Connection>().drain().catch(() => undefined))); // prettier-ignore
    await Promise.all(servers.map((server) => server.close()));
  }

  override async close(): Promise<void> {
    await this.client.close();
  }

  private tooLarge(packet: Packet): MessageTooLargeError {
    const allowed = this.client.unwrap<Connection>().info?.max_payload ?? 0;
    return new MessageTooLargeError(Buffer.byteLength(JSON.stringify(packet)), 'messageBytes', allowed);
  }
}
