import type { Writable } from 'node:stream';
import { Logger } from '@nestjs/common';
import { type AmqpConnectionManager, connect } from 'amqp-connection-manager';
import type { ChannelModel } from 'amqplib';
import { BrokerRefusedError } from '../../errors/broker-refused.error.js';
import { BrokerUnavailableError } from '../../errors/broker-unavailable.error.js';
import { SystemClock } from '../../utils/clock.js';
import { withDeadline } from '../../utils/deadline.js';
import { messageOf } from '../../utils/describe-error.js';
import { gatherWrites } from '../../utils/gather-writes.js';
import { closed } from './closing.js';
import type { RabbitSettings } from './rabbitmq.options.js';

/** What is used of the inside of an amqplib connection: where its frames are written to. */
interface Inside {
  readonly connection?: { readonly stream?: Writable };
}

/** Seconds between two attempts to connect. */
const RECONNECT = 1;
/**
 * Milliseconds for which an attempt waits for the next word of the broker. Short, since what was sent while the network swallowed
 * everything is never answered; but one attempt in so many waits for a broker that is slow.
 */
const ANSWERED_WITHIN = 3_000;
const SLOWLY_ANSWERED_WITHIN = 10_000;
const PATIENT_ATTEMPT = 4;
/** Of so many failures in a row one is told, so that the log stays readable. */
const TOLD = 30;

/**
 * One connection to the broker, made again whenever it is lost, and with it everything that was opened on it: one way to recover
 * from whatever breaks, a channel too.
 */
export class Link<S extends object> {
  private readonly logger = new Logger('RabbitMQ');
  private readonly clock = new SystemClock();
  private manager: AmqpConnectionManager | undefined;
  private session = new Latch<S>();
  private failures = 0;
  private closed = false;

  /** @param open opens what is needed on a new connection; rejects with a BrokerRefusedError for what no second try mends */
  constructor(
    private readonly name: string,
    private readonly settings: Pick<RabbitSettings, 'urls' | 'heartbeat' | 'tls'>,
    private readonly open: (model: ChannelModel) => Promise<S>,
  ) {}

  /**
   * What is open; waits until something is. The first call connects.
   * @throws BrokerRefusedError when the first connection is refused
   */
  get(): Promise<S> {
    this.manager ??= this.connect();
    return this.session.value;
  }

  /** As `get`, for so many milliseconds. @throws BrokerUnavailableError */
  within(ms: number): Promise<S> {
    const late = (): Error =>
      new BrokerUnavailableError(`RabbitMQ at ${this.places} could not be reached within ${ms} ms. The log says why; it is tried again all the time.`); // prettier-ignore
    return withDeadline(this.clock, ms, this.get(), late);
  }

  async close(): Promise<void> {
    await this.end(new BrokerUnavailableError(`The connection to RabbitMQ at ${this.places} is closed.`));
  }

  private get places(): string {
    return this.settings.urls.map(withoutPassword).join(', ');
  }

  private connect(): AmqpConnectionManager {
    const { urls, heartbeat, tls } = this.settings;
    const manager = connect([...urls], {
      heartbeatIntervalInSeconds: Math.ceil(heartbeat / 1_000),
      reconnectTimeInSeconds: RECONNECT,
      connectionOptions: {
        ...tls,
        timeout: ANSWERED_WITHIN,
        noDelay: true,
        clientProperties: { connection_name: this.name },
      },
    });
    manager.on('connect', ({ connection }) => void this.connected(connection as unknown as ChannelModel));
    manager.on('connectFailed', ({ err, url }) => {
      this.failed(err, withoutPassword(typeof url === 'string' ? url : this.places));
    });
    manager.on('disconnect', ({ err }: { readonly err?: Error }) => {
      this.lost(err);
    });
    return manager;
  }

  private async connected(model: ChannelModel): Promise<void> {
    const life = { isOver: false };
    model.once('close', () => (life.isOver = true));
    gatherWrites((model as unknown as Inside).connection?.stream);
    try {
      const session = await this.open(model);
      if (life.isOver) return; // while the last of it was opened: the next connection opens it anew
      if (this.failures > 0) this.logger.log(`${this.name}: connected to ${this.places} again.`);
      this.failures = 0;
      this.session.set(session);
    } catch (error) {
      if (error instanceof BrokerRefusedError && !this.session.wasSet) return this.refuse(error);
      this.tell(error, this.places);
      await closed(model); // and another one is made
    }
  }

  private failed(error: Error, place: string): void {
    if (/ACCESS[_-]REFUSED|\b403\b/.test(error.message) && !this.session.wasSet) {
      void this.refuse(new BrokerRefusedError(`RabbitMQ at ${place} refuses the credentials: ${error.message}. Correct user and password of the url.`, { cause: error })); // prettier-ignore
    } else {
      this.tell(error, place);
    }
  }

  /** What is wrong from the start no second try mends: the application must not come up. */
  private refuse(error: BrokerRefusedError): Promise<void> {
    return this.end(error);
  }

  private async end(error: Error): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    this.session.fail(error);
    if (this.manager !== undefined) await closed(this.manager);
  }

  private lost(error: Error | undefined): void {
    if (this.closed) return;
    if (this.session.isSet) this.logger.warn(`${this.name}: the connection to ${this.places} is lost (${error === undefined ? 'closed' : messageOf(error)}).`); // prettier-ignore
    this.session.renew();
  }

  private tell(error: unknown, place: string): void {
    if (!this.closed && this.failures % TOLD === 0) {
      this.logger.warn(`${this.name}: waiting for ${place}, which cannot be used now (${reasonOf(error)}).`);
    }
    this.failures += 1;
    const timeout = this.failures % PATIENT_ATTEMPT === PATIENT_ATTEMPT - 1 ? SLOWLY_ANSWERED_WITHIN : ANSWERED_WITHIN;
    if (this.manager !== undefined) this.manager.connectionOptions = { ...this.manager.connectionOptions, timeout };
  }
}

/** amqplib does not say why the broker closes a connection that it is asked to open, and it may pass. */
function reasonOf(error: unknown): string {
  const reason = messageOf(error);
  return reason.includes('Expected ConnectionOpenOk')
    ? 'the virtual host is not there, the user may not enter it, or it has all the connections that it may have'
    : reason;
}

/** A value that comes, goes and comes again. */
class Latch<T> {
  wasSet = false;
  isSet = false;
  value: Promise<T>;
  private settle: { resolve: (value: T) => void; reject: (error: Error) => void };

  constructor() {
    ({ value: this.value, settle: this.settle } = pending<T>());
  }

  set(value: T): void {
    [this.isSet, this.wasSet] = [true, true];
    this.settle.resolve(value);
  }

  /** For good: whoever waits, now or later, is told. */
  fail(error: Error): void {
    this.settle.reject(error);
    if (!this.isSet) return;
    this.renew();
    this.settle.reject(error);
  }

  renew(): void {
    if (!this.isSet) return;
    this.isSet = false;
    ({ value: this.value, settle: this.settle } = pending<T>());
  }
}

function pending<T>(): { value: Promise<T>; settle: { resolve: (value: T) => void; reject: (error: Error) => void } } {
  let settle: { resolve: (value: T) => void; reject: (error: Error) => void } | undefined;
  const value = new Promise<T>((resolve, reject) => (settle = { resolve, reject }));
  value.catch(() => undefined); // who asks is told
  if (settle === undefined) throw new TypeError('A promise runs its executor at once.');
  return { value, settle };
}

/** A url as it may be told. */
export function withoutPassword(url: string): string {
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname === '/' ? '' : pathname}`;
}
