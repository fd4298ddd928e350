import type { KeptMessage, TransportCapabilities } from '../workflow.transport.js';
import type { Packet } from './packet.js';

/** What is done with a packet. Rejects: not acknowledged, where its broker knows of that. */
export type Take = (packet: Packet, deliveries: number) => Promise<void>;

/**
 * What the transports of Nest differ in: each is one, made of Nest's own client and servers. A server of its own for what a
 * service listens to, beside those that the application connects.
 */
export interface Wire {
  /** As in logs and errors. */
  readonly kind: string;
  readonly capabilities: TransportCapabilities;
  /** Resolves when the service can be sent to, where that is so before it listens. */
  open(): Promise<void>;
  /** Begins to bring what is sent to a destination. Resolves when it does. @throws BrokerUnavailableError, BrokerRefusedError */
  listen(destination: string, take: Take): Promise<void>;
  /**
   * Resolves once it was taken. Where nothing comes twice it also resolves when that is not known: what is sent again comes twice.
   * @throws UnroutableError; BrokerUnavailableError when it is known that it was not taken, or when it may come twice
   */
  send(destination: string, packet: Packet): Promise<void>;
  browse(topic: string): Promise<readonly KeptMessage[]>;
  remove(topic: string, messageId: string): Promise<void>;
  /** Brings no more; what was brought can still be acknowledged. May be called again. */
  stop(): Promise<void>;
  close(): Promise<void>;
}

/** Nothing but a timer in this process holds a message, and nobody keeps it: what NATS, Redis and TCP have in common. */
export abstract class FleetingWire implements Wire {
  abstract readonly kind: string;
  abstract readonly capabilities: TransportCapabilities;
  abstract listen(destination: string, take: Take): Promise<void>;
  abstract send(destination: string, packet: Packet): Promise<void>;
  abstract stop(): Promise<void>;
  abstract close(): Promise<void>;

  open(): Promise<void> {
    return Promise.resolve();
  }

  browse(): Promise<readonly KeptMessage[]> {
    return Promise.resolve([]);
  }

  remove(): Promise<void> {
    return Promise.resolve();
  }
}
