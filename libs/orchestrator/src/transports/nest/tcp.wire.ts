import type { AddressInfo, Server as NetServer } from 'node:net';
import { ClientTCP, ServerTCP, type TcpClientOptions, type TcpOptions } from '@nestjs/microservices';
import { lastValueFrom } from 'rxjs';
import { UnroutableError } from '../../errors/unroutable.error.js';
import { COMPLETED, DELIVERY_REQUESTED, FAILED, ownerOf } from '../destinations.js';
import { listening } from './listening.js';
import { type Packet, packetOf } from './packet.js';
import { receipt } from './receipt.js';
import { FleetingWire, type Take } from './wire.js';

/** Where a service listens. */
export interface TcpAddress {
  readonly host: string;
  readonly port: number;
  /** How to trust it, where it listens with `tlsOptions`. */
  readonly tlsOptions?: NonNullable<NonNullable<TcpClientOptions['options']>['tlsOptions']>;
}

const TOPICS = [COMPLETED, FAILED, DELIVERY_REQUESTED];
/** Addresses that mean every address of a machine: nobody can be called there. */
const ANY = ['0.0.0.0', '::'];

/** TCP: no broker, so each service says where the others are; at most once, one process of each. */
export class TcpWire extends FleetingWire {
  override readonly kind = 'tcp';
  override readonly capabilities = { durable: false, delay: false, competing: false, redelivery: false };
  private readonly server: ServerTCP;
  private readonly clients = new Map<string, ClientTCP>();
  private readonly takes = new Map<string, Take>();
  private listens: Promise<void> | undefined;
  private stopped = false;

  constructor(
    private readonly service: string,
    private readonly options: NonNullable<TcpOptions['options']>,
    private readonly services: Readonly<Record<string, TcpAddress>>,
  ) {
    super();
    this.server = new ServerTCP(options);
    for (const topic of TOPICS) this.server.addHandler(topic, (data: unknown) => this.hear(topic, data), true);
  }

  override async listen(destination: string, take: Take): Promise<void> {
    this.takes.set(destination, take);
    if (!TOPICS.includes(destination)) this.server.addHandler(destination, (data: unknown) => this.hear(destination, data)); // prettier-ignore
    await (this.listens ??= listening(this.server, `Port ${this.options.port ?? ''}`));
  }

  override async send(destination: string, packet: Packet): Promise<void> {
    const owner = ownerOf(destination);
    if (owner === undefined) return this.tellAll(destination, packet);
    const client = this.clientOf(owner);
    if (client === undefined) throw new UnroutableError(destination);
    try {
      await client.connect();
    } catch {
      throw new UnroutableError(destination); // nobody listens there
    }
    if (!(await receipt(client, destination, packet))) throw new UnroutableError(destination);
  }

  /** Whoever sends hears that nothing is taken any more, and knows that it was not. */
  override stop(): Promise<void> {
    this.stopped = true;
    return Promise.resolve();
  }

  override async close(): Promise<void> {
    await this.stop();
    if (this.listens !== undefined) this.server.close();
    for (const client of this.clients.values()) client.close();
  }

  private hear(destination: string, data: unknown): Promise<boolean> {
    if (!this.stopped) void this.takes.get(destination)?.(packetOf(data), 1);
    return Promise.resolve(!this.stopped);
  }

  /** A topic has no address: every service hears of it, and who is not there does not. */
  private async tellAll(topic: string, packet: Packet): Promise<void> {
    const names = new Set([this.service, ...Object.keys(this.services)]);
    await Promise.allSettled(
      [...names].map(async (name) => {
        const client = this.clientOf(name);
        await client?.connect();
        if (client !== undefined) await lastValueFrom(client.emit(topic, packet), { defaultValue: undefined });
      }),
    );
  }

  private clientOf(service: string): ClientTCP | undefined {
    const known = this.clients.get(service);
    const address = service === this.service ? this.ownAddress() : this.services[service];
    if (known !== undefined || address === undefined) return known;
    const { socketClass, maxBufferSize } = this.options;
    const client = new ClientTCP({
      ...address,
      ...(socketClass !== undefined && { socketClass }),
      ...(maxBufferSize !== undefined && { maxBufferSize }),
    });
    this.clients.set(service, client);
    return client;
  }

  /** `undefined`: it does not listen yet. */
  private ownAddress(): TcpAddress | undefined {
    const bound = this.server.unwrap<NetServer>().address() as AddressInfo | null;
    if (bound === null) return undefined;
    return {
      ...this.services[this.service],
      host: ANY.includes(bound.address) ? '127.0.0.1' : bound.address,
      port: bound.port,
    };
  }
}
