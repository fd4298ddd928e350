import { setTimeout as pause } from 'node:timers/promises';
import { type Channel, type ChannelModel, connect } from 'amqplib';
import { COMPLETED, FAILED } from '../../libs/orchestrator/src/transports/destinations.js';

/** A message that told how something ended. */
export interface Terminal {
  readonly topic: string;
  readonly messageId: string;
  readonly body: string;
  /** The run that it names; `''`: none. */
  readonly run: string;
}

/** Everything that is told on `workflow.completed` and `workflow.failed` while it listens; survives restarts of the broker. */
export class Terminals {
  readonly seen: Terminal[] = [];
  private model: ChannelModel | undefined;
  private closed = false;

  private constructor(
    private readonly url: string,
    private readonly queue: string,
  ) {}

  static async listen(url: string, name: string): Promise<Terminals> {
    const terminals = new Terminals(url, `chaos-${name}`);
    await terminals.connect();
    return terminals;
  }

  /** How many messages wait in these queues; those that are not there have none. */
  async waiting(queues: readonly string[]): Promise<number> {
    let sum = 0;
    for (const queue of queues) {
      const channel = await this.channel();
      channel.on('error', () => undefined); // a queue that is not there
      const { messageCount = 0 } = (await channel.checkQueue(queue).catch(() => undefined)) ?? {};
      sum += messageCount;
      await channel.close().catch(() => undefined);
    }
    return sum;
  }

  /** Deletes a queue, with what it holds. */
  async drop(queue: string): Promise<void> {
    const channel = await this.channel();
    await channel.deleteQueue(queue);
    await channel.close();
  }

  /** Sends something to a queue that no service has made. */
  async send(queue: string, body: string, messageId: string): Promise<void> {
    const channel = await this.model?.createConfirmChannel();
    channel?.sendToQueue(queue, Buffer.from(body), { messageId, persistent: true });
    await channel?.waitForConfirms();
    await channel?.close();
  }

  async close(): Promise<void> {
    this.closed = true;
    await this.model?.close().catch(() => undefined);
  }

  /** On the connection that there is, as soon as there is one: the broker may have been killed a moment ago. */
  private async channel(): Promise<Channel> {
    for (let attempt = 0; ; attempt += 1) {
      try {
        const channel = await this.model?.createChannel();
        if (channel !== undefined) return channel;
      } catch (error) {
        if (attempt > 200) throw error;
      }
      await pause(250);
    }
  }

  private async connect(): Promise<void> {
    const model = await connect(this.url);
    model.on('error', () => undefined); // told by close
    model.on('close', () => {
      if (!this.closed) this.again();
    });
    const channel = await model.createChannel();
    await channel.assertQueue(this.queue, { durable: true, arguments: { 'x-queue-type': 'quorum' } });
    for (const topic of [COMPLETED, FAILED]) {
      await channel.assertExchange(topic, 'fanout', { durable: true });
      await channel.bindQueue(this.queue, topic, '');
    }
    await channel.consume(this.queue, (message) => {
      if (message === null) return;
      const { content, properties, fields } = message;
      const body = content.toString();
      this.seen.push({ topic: fields.exchange, messageId: String(properties.messageId), body, run: runOf(body) });
      channel.ack(message);
    });
    this.model = model;
  }

  private again(): void {
    if (this.closed) return;
    this.connect().catch(() => setTimeout(() => { this.again(); }, 500)); // prettier-ignore
  }
}

const runOf = (body: string): string => (JSON.parse(body) as { readonly workflow_id?: string }).workflow_id ?? '';
