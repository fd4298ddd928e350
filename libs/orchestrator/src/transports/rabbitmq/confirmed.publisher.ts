import type { ConfirmChannel, Message, Options } from 'amqplib';
import { BrokerUnavailableError } from '../../errors/broker-unavailable.error.js';
import { UnroutableError } from '../../errors/unroutable.error.js';
import { describeError } from '../../utils/describe-error.js';
import { Fifo } from '../../utils/fifo.js';

/** Messages on their way to the broker at once; more wait, so that a slow broker does not fill this process. */
const UNCONFIRMED = 256;

/** A message, and how the broker is to take it. */
export interface Publication {
  readonly exchange: string;
  readonly key: string;
  readonly content: Buffer;
  readonly messageId: string;
  readonly headers?: Readonly<Record<string, unknown>>;
  /** Where it must arrive: refused where that does not exist. `undefined`: wherever it goes, nowhere too. */
  readonly mandatory?: string;
  /** Whether that is declared with the exchange, so that it is missing only where the topology is not whole. */
  readonly anchored?: boolean;
}

/** Sends messages by one channel, each confirmed by the broker. */
export class ConfirmedPublisher {
  private readonly returned = new Set<string>();
  private readonly waiting = new Fifo<() => void>();
  private unconfirmed = 0;
  private sent = 0;
  private isBlocked = false;

  /** @param confirmTimeout milliseconds */
  constructor(
    private readonly channel: ConfirmChannel,
    private readonly confirmTimeout: number,
  ) {
    channel.on('return', ({ properties }: Message) => this.returned.add(String(properties.correlationId)));
  }

  /**
   * Resolves once the broker has it: on disk, on most nodes of a quorum queue.
   * @throws UnroutableError for a mandatory one that no queue took; BrokerUnavailableError when that is not known
   */
  async publish(message: Publication): Promise<void> {
    while (this.unconfirmed >= UNCONFIRMED && !this.isBlocked) await new Promise<void>((resolve) => { this.waiting.push(resolve); }); // prettier-ignore
    if (this.isBlocked) throw new BrokerUnavailableError('RabbitMQ takes no messages at the moment: it is short of memory or disk.'); // prettier-ignore
    const id = String((this.sent += 1));
    await this.confirmed(message, id);
    // A return comes before its confirm.
    if (this.returned.delete(id)) throw nowhere(message);
  }

  /**
   * The broker stops to listen, or listens again. What was written meanwhile would wait in this process, and be written again each time that
   * its confirm is missed: so many copies of it would arrive in the end.
   */
  block(isBlocked: boolean): void {
    this.isBlocked = isBlocked;
    for (let next = this.waiting.shift(); isBlocked && next !== undefined; next = this.waiting.shift()) next();
  }

  private confirmed({ exchange, key, content, messageId, headers, mandatory }: Publication, id: string): Promise<void> {
    const options: Options.Publish = {
      persistent: true,
      contentType: 'application/json',
      messageId,
      correlationId: id,
      mandatory: mandatory !== undefined,
      headers,
    };
    return new Promise((resolve, reject) => {
      const fail = (reason: string): void => {
        reject(new BrokerUnavailableError(`Message "${messageId}" to "${mandatory ?? (key || exchange)}" was not confirmed by RabbitMQ: ${reason}.`)); // prettier-ignore
      };
      const timer = setTimeout(() => {
        fail(`no confirm within ${this.confirmTimeout} ms`);
      }, this.confirmTimeout);
      this.unconfirmed += 1;
      // Its place is free only now, though whoever waits for the confirm may have given up: the bytes are still on their way.
      const settle = (error: unknown): void => {
        clearTimeout(timer);
        this.unconfirmed -= 1;
        this.waiting.shift()?.();
        if (error) fail(describeError(error));
        else resolve();
      };
      try {
        this.channel.publish(exchange, key, content, options, settle);
      } catch (error) {
        settle(error); // the channel is closed
      }
    });
  }
}

function nowhere({ exchange, key, mandatory = key, anchored = false }: Publication): Error {
  return anchored
    ? new BrokerUnavailableError(`RabbitMQ has no queue for "${mandatory}" at the exchange "${exchange}": a binding is missing. Declare what rabbitTopology() lists, or say declare: 'assert'.`) // prettier-ignore
    : new UnroutableError(mandatory);
}
