/** What a transport can promise. Boot refuses options that need more; the docs' table is checked against these. */
export interface TransportCapabilities {
  /** What was accepted survives the death of every process of the app. */
  readonly durable: boolean;
  /** A message can be held back by the transport. */
  readonly delay: boolean;
  /** Of several consumers of a destination one gets a message. */
  readonly competing: boolean;
  /** What was not acknowledged comes again. */
  readonly redelivery: boolean;
}

/** A message on its way out. */
export interface OutgoingMessage {
  /** `<service>.workflow`, or a topic such as `workflow.completed`. */
  readonly destination: string;
  readonly body: string;
  /** Unique per message; a terminal's is `<workflow_id>:<epoch>:<status>`, so that repeats can be recognised. */
  readonly messageId: string;
  /** Milliseconds to hold it back. Never delivered early. Default 0. */
  readonly delay?: number;
  /** How often the same message was delivered before, under another `publish`, and not settled: it counts on from there. Default 0. */
  readonly failedDeliveries?: number;
}

/** A message on its way in. */
export interface IncomingMessage {
  readonly body: string;
  readonly messageId: string;
  /** How often it was delivered, this time and {@link OutgoingMessage.failedDeliveries} included. */
  readonly deliveries: number;
}

/** A message of a topic, as {@link WorkflowTransport.browse} shows it. */
export type KeptMessage = Pick<IncomingMessage, 'body' | 'messageId'>;

/** Resolves: acknowledged. Rejects: not acknowledged, it comes again. */
export type MessageHandler = (message: IncomingMessage) => Promise<unknown>;

/**
 * MESSAGE OUT, and back in: the port to a broker. Every implementation passes the contract suite of
 * `nest-orchestrator/testing`. One instance belongs to one service.
 */
export abstract class WorkflowTransport {
  abstract readonly capabilities: TransportCapabilities;

  /** Whether it reaches other processes: what they must agree on must then be shared too. One that is durable does. */
  get shared(): boolean {
    return this.capabilities.durable;
  }

  /** Milliseconds for which it can hold a message back at most: no run may live longer. Default: any. */
  get longestDelay(): number {
    return Infinity;
  }

  /** Starts delivering the destination's messages to `handler`, several at once; competes with other consumers of it. */
  abstract consume(destination: string, handler: MessageHandler): Promise<void>;

  /**
   * Resolves once the broker has accepted the message: only then may the hop that sent it be acknowledged.
   * @throws UnroutableError when a `<service>.workflow` destination does not exist.
   */
  abstract publish(message: OutgoingMessage): Promise<void>;

  /**
   * Messages of a topic that are kept for whoever comes to look, oldest first; a broker may keep none, or not all. Looking takes
   * nothing away.
   */
  abstract browse(topic: string): Promise<readonly KeptMessage[]>;

  /** Takes a kept message away. One that is not there any more is none to take. */
  abstract remove(topic: string, messageId: string): Promise<void>;

  /**
   * Stops consuming and waits for what is in flight, for `graceMs` at most. Publishing goes on: what is in flight has its next
   * message to send. May be called again to wait longer.
   */
  abstract stop(graceMs: number): Promise<void>;

  /** Lets go of connections. What was not acknowledged comes again, elsewhere. */
  abstract close(): Promise<void>;
}

/** What `transport` of the module's options holds: inert until the module creates the transport of its service. */
export interface TransportDefinition {
  /** For logs and errors: `memory`, `rabbitmq`, … */
  readonly kind: string;
  create(service: string): WorkflowTransport;
}
