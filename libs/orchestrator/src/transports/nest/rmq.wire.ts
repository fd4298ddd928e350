import { randomUUID } from 'node:crypto';
import { Logger } from '@nestjs/common';
import { ClientRMQ, type RmqOptions, RmqRecordBuilder } from '@nestjs/microservices';
import { lastValueFrom } from 'rxjs';
import { BrokerRefusedError } from '../../errors/broker-refused.error.js';
import { BrokerUnavailableError } from '../../errors/broker-unavailable.error.js';
import { UnroutableError } from '../../errors/unroutable.error.js';
import { describeError } from '../../utils/describe-error.js';
import { FAILED, isWorkflow, workflowOf } from '../destinations.js';
import { browse, remove } from '../rabbitmq/kept-messages.js';
import type { KeptMessage } from '../workflow.transport.js';
import type { AmqpConnection, AmqpMessage } from '../rabbitmq/amqp.js';
import { within } from './listening.js';
import { isPacket, type Packet, packetOf } from './packet.js';
import { type DeliveryHandler, QueueServer } from './rmq.server.js';
import { type BoundQueue, declare, delayedOf, exists, failedQueue, queueOf, queuesOf } from './rmq.topology.js';
import { Waiting } from './waiting.js';
import type { Take, Wire } from './wire.js';

/** Messages that a process handles at once, unless the options say otherwise: Nest's own default is all there are. */
const PREFETCH = 10;
/** Messages held back that a process has in hand at once; those behind wait for their turn at the head. */
const HELD_AT_ONCE = 1_000;
/**
 * Milliseconds after which one of them goes to the tail: long before the broker takes back what is never acknowledged; and where there
 * are many, so that none waits for long behind others that are due later.
 */
const HELD_FOR = 60_000;
const HELD_AMONG_MANY = 5_000;
/** Deliveries after which a message is given up that its handler refuses. */
const DELIVERIES = 5;
/** Milliseconds until a refused message comes again: doubled each time, up to the longest. */
const FIRST_REDELIVERY = 100;
const LONGEST_REDELIVERY = 5_000;
/** Milliseconds for which a confirm is waited for. */
const CONFIRMED_WITHIN = 10_000;

/** What is used of the connection of `amqp-connection-manager`. */
interface Connections {
  readonly connection: AmqpConnection | undefined;
  reconnect(): void;
}

/** RabbitMQ by Nest's own client and servers: a topic exchange, a queue for each destination, acknowledged by hand. */
export class RmqWire implements Wire {
  readonly kind = 'rmq';
  readonly capabilities = { durable: true, delay: true, competing: true, redelivery: true };
  private readonly logger = new Logger('NestTransport');
  private readonly exchange: string;
  private readonly client: ClientRMQ;
  private readonly tag = randomUUID();
  private readonly servers: QueueServer[] = [];
  private readonly waiting = new Waiting();
  /** Queues that were seen to be there: those of a service stay. */
  private readonly seen = new Set<string>();
  private opened: Promise<void> | undefined;

  constructor(
    private readonly service: string,
    private readonly options: NonNullable<RmqOptions['options']>,
  ) {
    this.exchange = options.exchange ?? 'orchestrator';
    this.client = new ClientRMQ({
      ...this.common(),
      wildcards: true, // by the exchange, so that one client reaches every service
      persistent: true,
      ...(options.headers !== undefined && { headers: options.headers }),
    });
  }

  open(): Promise<void> {
    return (this.opened ??= this.prepare().catch((error: unknown) => {
      this.opened = undefined;
      throw error;
    }));
  }

  async listen(destination: string, take: Take): Promise<void> {
    const { queueOptions, prefetchCount = PREFETCH } = this.options;
    await this.serve(queueOf(destination, this.service, queueOptions), prefetchCount, this.settling(take, destination));
    if (destination !== workflowOf(this.service)) return;
    const [delayed] = queuesOf(this.service).filter(({ name }) => name === delayedOf(destination));
    if (delayed !== undefined) await this.serve(delayed, HELD_AT_ONCE, this.settling((packet) => this.hold(destination, packet))); // prettier-ignore
  }

  async send(destination: string, packet: Packet): Promise<void> {
    const key = packet.due === undefined ? destination : delayedOf(destination);
    const sending = async (): Promise<void> => {
      await this.open();
      await this.client.connect();
      await this.requireQueue(destination, key);
      const record = new RmqRecordBuilder(packet).setOptions({ messageId: packet.message_id }).build();
      await lastValueFrom(this.client.emit(key, record), { defaultValue: undefined });
    };
    try {
      await within(CONFIRMED_WITHIN, `Sending to "${key}"`, sending());
    } catch (error) {
      if (error instanceof UnroutableError || error instanceof BrokerRefusedError) throw error;
      throw new BrokerUnavailableError(`RabbitMQ did not confirm message "${packet.message_id}": ${describeError(error)}`, { cause: error }); // prettier-ignore
    }
  }

  async browse(topic: string): Promise<readonly KeptMessage[]> {
    if (topic !== FAILED) return [];
    const found = await browse(await this.model(), failedQueue(this.exchange).name);
    return found.map((kept) => {
      const sent = parsed(kept.body);
      if (!isPacket(sent)) return kept; // somebody else put it there
      return { body: sent.body, messageId: sent.message_id };
    });
  }

  async remove(topic: string, messageId: string): Promise<void> {
    if (topic === FAILED) await remove(await this.model(), failedQueue(this.exchange).name, messageId);
  }

  async stop(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.stop()));
    this.waiting.end(); // what is held back goes to another process
  }

  async close(): Promise<void> {
    await this.stop();
    await Promise.all(this.servers.map((server) => server.close()));
    await this.client.close().catch(() => undefined);
  }

  private common(): NonNullable<RmqOptions['options']> {
    const { urls, socketOptions } = this.options;
    return {
      ...(urls !== undefined && { urls }),
      ...(socketOptions !== undefined && { socketOptions }),
      exchange: this.exchange,
      exchangeType: 'topic',
    };
  }

  private async prepare(): Promise<void> {
    if (this.options.noAssert === true) return;
    const queues = [...queuesOf(this.service, this.options.queueOptions), failedQueue(this.exchange)];
    await declare(await this.model(), this.exchange, queues);
  }

  /** @throws BrokerUnavailableError */
  private async model(): Promise<AmqpConnection> {
    try {
      await this.client.connect();
    } catch (error) {
      throw new BrokerUnavailableError(`RabbitMQ cannot be reached: ${describeError(causeOf(error))}`, {
        cause: error,
      });
    }
    const { connection } = this.client.unwrap<Connections>();
    if (connection === undefined) throw new BrokerUnavailableError('RabbitMQ is not connected.');
    return connection;
  }

  private async serve(
    { name, key, options }: BoundQueue,
    prefetchCount: number,
    handle: DeliveryHandler,
  ): Promise<void> {
    const { noAssert, maxConnectionAttempts } = this.options;
    const server = new QueueServer(
      {
        ...this.common(),
        queue: name,
        routingKey: key,
        queueOptions: options,
        noAck: false,
        prefetchCount,
        ...(noAssert !== undefined && { noAssert }),
        ...(maxConnectionAttempts !== undefined && { maxConnectionAttempts }),
      },
      `${name}:${this.tag}`,
      handle,
    );
    this.servers.push(server);
    await server.begin();
  }

  /** Acknowledges what was dealt with; lets what was refused come again, or, of a destination that has them, go to the dead letters. */
  private settling(take: Take, destination?: string): DeliveryHandler {
    const mayDie = destination === workflowOf(this.service);
    return async (data, message, channel) => {
      const packet = packetOf(data);
      const deliveries = deliveriesOf(message) + (mayDie ? (packet.failed_deliveries ?? 0) : 0);
      if (mayDie && deliveries > DELIVERIES) {
        settle(() => { channel.nack(message, false, false); }); // prettier-ignore
        return;
      }
      try {
        await take(packet, deliveries);
      } catch (error) {
        if (!this.waiting.isOver) this.logger.warn(`A message of "${message.fields.routingKey}", delivery ${deliveries}, was refused: ${describeError(error)}`); // prettier-ignore
        const pause = Math.min(FIRST_REDELIVERY * 2 ** (deliveries - 1), LONGEST_REDELIVERY);
        const givenUp = mayDie && deliveries >= DELIVERIES;
        if (!givenUp) await this.waiting.until(Date.now() + pause);
        settle(() => { channel.nack(message, false, !givenUp); }); // prettier-ignore
        return;
      }
      settle(() => { channel.ack(message); }); // prettier-ignore
    };
  }

  /** Not acknowledged until it has gone on, so that it is never only here. Rejects when there is no time left: then another has it. */
  private async hold(destination: string, { due = 0, ...packet }: Packet): Promise<void> {
    const isMany = this.waiting.count >= HELD_AT_ONCE / 2;
    const turn = Math.min(due, Date.now() + (isMany ? HELD_AMONG_MANY : HELD_FOR));
    if (!(await this.waiting.until(turn))) throw new Error('This process closes.');
    await this.send(destination, due > Date.now() ? { ...packet, due } : packet);
  }

  /** Who is not there has no queue. What was seen once is not asked for again. @throws UnroutableError */
  private async requireQueue(destination: string, key: string): Promise<void> {
    if (!isWorkflow(destination) || this.seen.has(key)) return;
    if (!(await exists(await this.model(), key))) throw new UnroutableError(destination);
    this.seen.add(key);
  }
}

/** How often its queue has delivered it, this time included. */
function deliveriesOf({ fields, properties }: AmqpMessage): number {
  const headers = (properties.headers ?? {}) as Readonly<Record<string, unknown>>;
  return fields.redelivered ? Number(headers['x-delivery-count'] ?? 1) + 1 : 1;
}

/** The channel may be gone: then the broker delivers again. */
function settle(act: () => void): void {
  try {
    act();
  } catch {
    // as said
  }
}

/** Nest's client rejects with the error of its connection, and beside it the url. */
const causeOf = (error: unknown): unknown => (error as { readonly err?: unknown } | undefined)?.err ?? error;

/** What Nest sends around a packet. */
function parsed(body: string): unknown {
  try {
    return (JSON.parse(body) as { readonly data?: unknown } | null)?.data;
  } catch {
    return undefined;
  }
}
