import { randomUUID } from 'node:crypto';
import { Logger } from '@nestjs/common';
import type { ChannelModel } from 'amqplib';
import { BrokerRefusedError } from '../../errors/broker-refused.error.js';
import { BrokerUnavailableError } from '../../errors/broker-unavailable.error.js';
import { TransportClosedError } from '../../errors/transport-closed.error.js';
import { UnroutableError } from '../../errors/unroutable.error.js';
import { SystemClock } from '../../utils/clock.js';
import { settledWithin } from '../../utils/deadline.js';
import { describeError } from '../../utils/describe-error.js';
import { COMPLETED, deadOf, DELIVERY_REQUESTED, FAILED, isReplies, workflowOf } from '../destinations.js';
import {
  type KeptMessage,
  type MessageHandler,
  type OutgoingMessage,
  type TransportCapabilities,
  WorkflowTransport,
} from '../workflow.transport.js';
import { closed } from './closing.js';
import { ConfirmedPublisher } from './confirmed.publisher.js';
import { Consumer, DEAD, type Delivery } from './consumer.js';
import { declare, told } from './declare.js';
import { LONGEST_DELAY } from './delay-ladder.js';
import { browse, remove } from './kept-messages.js';
import { Link } from './link.js';
import { deliveriesOf, idOnTheWire, incoming, movedTo, publicationOf } from './on-the-wire.js';
import type { RabbitSettings } from './rabbitmq.options.js';
import { REPLIES, serviceTopology, sharedTopology, soloOf, subscriptionTopology } from './queues.js';

/** Deliveries after which a message is suspected to be what kills its process: from then on it is handled alone. */
const SUSPECT_AFTER = 2;
/** Deliveries after which it is given up: dead, and its service's undertaker has it. */
const GIVEN_UP_AFTER = SUSPECT_AFTER + 6;
/** Milliseconds for which a connection is waited for before a message is not accepted. */
const CONNECTED_WITHIN = 10_000;

interface Publishing {
  readonly model: ChannelModel;
  readonly publisher: ConfirmedPublisher;
}

/** A subscription: the consumers it needs, and what must be there before them. */
interface Subscription {
  readonly prepare: (model: ChannelModel) => Promise<void>;
  readonly consumers: readonly Consumer[];
}

/**
 * Workflow messages over RabbitMQ: quorum queues, confirmed and mandatory publishing, delays by a ladder of queues, a lane of its
 * own for messages that may be what kills their process. Two connections, since a broker that is short of memory stops listening to those
 * that publish, and acknowledgements must still get through.
 */
export class RabbitTransport extends WorkflowTransport {
  override readonly capabilities: TransportCapabilities = {
    durable: true,
    delay: true,
    competing: true,
    redelivery: true,
  };
  private readonly logger = new Logger('RabbitMQ');
  private readonly id = randomUUID();
  private readonly subscriptions: Subscription[] = [];
  private readonly publishing: Link<Publishing>;
  private readonly consuming: Link<{ readonly model: ChannelModel }>;
  /** Destinations that were seen to be there: a queue of a service stays. */
  private readonly seen = new Set<string>();
  private stopped = false;
  private closed = false;

  constructor(
    private readonly service: string,
    private readonly settings: RabbitSettings,
  ) {
    super();
    this.publishing = new Link(`${service} (publishing)`, settings, (model) => this.openPublishing(model));
    this.consuming = new Link(`${service} (consuming)`, settings, (model) => this.openConsuming(model));
  }

  override get longestDelay(): number {
    return LONGEST_DELAY;
  }

  /** Resolves when the service can be sent to. Waits for a broker that is not there yet. @throws BrokerRefusedError */
  async open(): Promise<void> {
    await this.publishing.get();
    await this.consuming.get();
  }

  /** @throws TransportClosedError, BrokerRefusedError */
  override async consume(destination: string, handler: MessageHandler): Promise<void> {
    if (this.stopped) throw new TransportClosedError(this.service, `consume "${destination}"`);
    await this.open();
    const subscription = this.subscriptionOf(destination, handler);
    const { model } = await this.consuming.get();
    this.subscriptions.push(subscription);
    try {
      await this.attach(subscription, model);
    } catch (error) {
      if (error instanceof BrokerRefusedError) throw error;
      await closed(model);
      await this.open(); // the next connection attaches it
    }
  }

  /** @throws UnroutableError, TransportClosedError, BrokerUnavailableError, BrokerRefusedError */
  override async publish(message: OutgoingMessage): Promise<void> {
    if (this.closed) throw new TransportClosedError(this.service, `send to "${message.destination}"`);
    await this.consuming.within(CONNECTED_WITHIN); // else its own queue may not be there
    const { model, publisher } = await this.publishing.within(CONNECTED_WITHIN);
    await this.requireDestination(message, model);
    await publisher.publish(publicationOf(message));
  }

  override async browse(topic: string): Promise<readonly KeptMessage[]> {
    if (!this.keeps(topic)) return [];
    const { model } = await this.publishing.within(CONNECTED_WITHIN);
    return browse(model, topic);
  }

  override async remove(topic: string, messageId: string): Promise<void> {
    if (!this.keeps(topic)) return;
    const { model } = await this.publishing.within(CONNECTED_WITHIN);
    await remove(model, topic, idOnTheWire(messageId));
  }

  override async stop(graceMs: number): Promise<void> {
    this.stopped = true;
    const { consumers } = this;
    const ended = consumers.map((consumer) => consumer.stop().then(() => consumer.idle()));
    await settledWithin(new SystemClock(), graceMs, Promise.all(ended));
  }

  override async close(): Promise<void> {
    if (this.closed) return;
    [this.stopped, this.closed] = [true, true];
    await Promise.all(this.consumers.map((consumer) => consumer.close()));
    await Promise.all([this.consuming.close(), this.publishing.close()]);
  }

  private get consumers(): readonly Consumer[] {
    return this.subscriptions.flatMap(({ consumers }) => consumers);
  }

  private keeps(topic: string): boolean {
    return topic === FAILED || topic === DELIVERY_REQUESTED || (topic === COMPLETED && this.settings.keepCompleted);
  }

  private async openPublishing(model: ChannelModel): Promise<Publishing> {
    await declare(model, sharedTopology(this.settings), this.settings.declare);
    const channel = await model.createConfirmChannel();
    channel.on('error', (error: unknown) => {
      this.logger.warn(`Service "${this.service}" cannot publish by this channel any more (${describeError(error)}): connecting anew.`); // prettier-ignore
      void closed(model);
    });
    const publisher = new ConfirmedPublisher(channel, this.settings.confirmTimeout);
    model.on('blocked', () => {
      this.logger.warn(`RabbitMQ takes no messages of service "${this.service}" at the moment: it is short of memory or disk.`); // prettier-ignore
      publisher.block(true);
    });
    model.on('unblocked', () => {
      this.logger.log(`RabbitMQ takes messages of service "${this.service}" again.`);
      publisher.block(false);
    });
    return { model, publisher };
  }

  private async openConsuming(model: ChannelModel): Promise<{ readonly model: ChannelModel }> {
    await declare(model, serviceTopology(this.service), this.settings.declare);
    for (const subscription of this.subscriptions) await this.attach(subscription, model);
    return { model };
  }

  private async attach({ prepare, consumers }: Subscription, model: ChannelModel): Promise<void> {
    await prepare(model);
    for (const consumer of consumers) {
      await told(`a consumer of queue "${consumer.queue}"`, this.settings.declare, () => consumer.attach(model));
    }
  }

  private subscriptionOf(destination: string, handler: MessageHandler): Subscription {
    const { service, settings } = this;
    const consumer = (queue: string, prefetch: number, handle: (delivery: Delivery) => Promise<unknown>): Consumer =>
      new Consumer(queue, prefetch, handle, this.id);
    const tell = (delivery: Delivery): Promise<unknown> => handler(incoming(delivery));
    const there = (): Promise<void> => Promise.resolve();

    if (destination === workflowOf(service)) {
      const solo = consumer(soloOf(service), 1, (delivery) =>
        deliveriesOf(delivery) > GIVEN_UP_AFTER ? Promise.resolve(DEAD) : tell(delivery),
      );
      const main = consumer(destination, settings.prefetch, (delivery) =>
        deliveriesOf(delivery) > SUSPECT_AFTER ? this.suspect(delivery) : tell(delivery),
      );
      return { prepare: there, consumers: [main, solo] };
    }
    if (destination === deadOf(service)) {
      // Whoever buries it has attempts of his own.
      const bury = (delivery: Delivery): Promise<unknown> => tell({ ...delivery, headers: {} });
      return { prepare: there, consumers: [consumer(destination, 1, bury)] };
    }
    if (isReplies(destination)) {
      return {
        prepare: async (model) => {
          const channel = await model.createChannel();
          await channel.assertQueue(destination, REPLIES);
          await closed(channel);
        },
        consumers: [consumer(destination, settings.prefetch, tell)],
      };
    }
    const topology = subscriptionTopology(destination, service);
    return {
      prepare: (model) => declare(model, topology, settings.declare),
      consumers: [consumer(topology.queue, settings.prefetch, tell)],
    };
  }

  /** A message whose handling ended without a word, twice: it waits for its turn in the suspect lane. */
  private async suspect(delivery: Delivery): Promise<void> {
    const { publisher } = await this.publishing.within(CONNECTED_WITHIN);
    await publisher.publish(movedTo(soloOf(this.service), delivery));
  }

  /** What is held back cannot be refused at its end: its destination must be there before. @throws UnroutableError */
  private async requireDestination({ destination, delay = 0 }: OutgoingMessage, model: ChannelModel): Promise<void> {
    if (delay <= 0 || destination === workflowOf(this.service) || this.seen.has(destination)) return;
    const channel = await model.createChannel();
    channel.on('error', () => undefined); // what it says, the call rejects with
    try {
      await channel.checkQueue(destination);
    } catch (error) {
      if (/\b404\b|NOT[_-]FOUND/.test(String(error))) throw new UnroutableError(destination);
      throw new BrokerUnavailableError(`Whether "${destination}" is there could not be asked: ${String(error)}`, { cause: error }); // prettier-ignore
    }
    this.seen.add(destination);
    await closed(channel);
  }
}
