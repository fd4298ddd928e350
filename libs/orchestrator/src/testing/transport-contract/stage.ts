import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { UnroutableError } from '../../errors/unroutable.error.js';
import { workflowOf } from '../../transports/destinations.js';
import type { IncomingMessage, WorkflowTransport } from '../../transports/workflow.transport.js';

/** What the suite needs of the transport under test. */
export interface TransportFixture {
  /** Another transport of that service; all of one fixture share a broker. */
  readonly open: (
    service: string,
    options?: { readonly prefetch?: number },
  ) => WorkflowTransport | Promise<WorkflowTransport>;
  /** Milliseconds since the epoch, by the clock that delays are measured with. */
  readonly now: () => number;
  /** Lets so many milliseconds pass. */
  readonly pass: (ms: number) => Promise<void>;
}

/** Milliseconds for what should happen, and for what should not. */
const PATIENCE = 10_000;
const SILENCE = 250;

/** One case at work: a service that no other case has, and the transports it opened. */
export class TransportStage {
  readonly service = `contract-${randomUUID()}`;
  readonly destination = workflowOf(this.service);
  private readonly opened: WorkflowTransport[] = [];
  private sent = 0;

  constructor(private readonly fixture: TransportFixture) {}

  get now(): number {
    return this.fixture.now();
  }

  async open(options?: { readonly prefetch?: number }, service = this.service): Promise<WorkflowTransport> {
    const transport = await this.fixture.open(service, options);
    this.opened.push(transport);
    return transport;
  }

  /** A service of its own that sends. */
  sender(): Promise<WorkflowTransport> {
    return this.open({}, `${this.service}-sender`);
  }

  /** Sends the texts, one after another, and says their ids. */
  async send(from: WorkflowTransport, bodies: readonly string[], delay = 0): Promise<string[]> {
    const ids: string[] = [];
    for (const body of bodies) {
      const messageId = `${this.service}:${(this.sent += 1)}`;
      await from.publish({ destination: this.destination, body, messageId, delay });
      ids.push(messageId);
    }
    return ids;
  }

  /** Sends to a service that has stopped: without a broker that keeps messages there may be nobody to send to, which is said. */
  async sendToStopped(bodies: readonly string[]): Promise<void> {
    await this.send(await this.sender(), bodies).catch((error: unknown) => {
      if (!(error instanceof UnroutableError)) throw error;
    });
  }

  /** Consumes, and lists what came when its handler was called. */
  async listen(
    transport: WorkflowTransport,
    handle: (message: IncomingMessage) => unknown = done,
  ): Promise<IncomingMessage[]> {
    const came: IncomingMessage[] = [];
    await transport.consume(this.destination, async (message) => {
      came.push(message);
      await handle(message);
    });
    return came;
  }

  /** A consumer with room for one message, which has one in hand; its handler ends when `handle` does. */
  async occupied(
    handle: () => unknown,
  ): Promise<{ readonly transport: WorkflowTransport; readonly came: readonly IncomingMessage[] }> {
    const transport = await this.open({ prefetch: 1 });
    const came = await this.listen(transport, handle);
    await this.send(await this.sender(), ['{}']);
    await this.until(() => came.length === 1, 'the message arrives');
    return { transport, came };
  }

  async until(happened: () => boolean, what: string): Promise<void> {
    for (let waited = 0; !happened(); waited += 5) {
      assert.ok(waited < PATIENCE, `This never happened: ${what}`);
      await this.fixture.pass(5);
    }
  }

  /** Waits for what takes time. */
  async passing(work: Promise<unknown>, what: string): Promise<void> {
    let over = false;
    const ended = work.finally(() => (over = true));
    await Promise.all([ended, this.until(() => over, what)]);
  }

  /** Time enough for anything to happen that should not. */
  silence(): Promise<void> {
    return this.fixture.pass(SILENCE);
  }

  async end(): Promise<void> {
    await Promise.all(this.opened.map((transport) => transport.close()));
  }
}

const done = (): Promise<void> => Promise.resolve();
export const never = (): Promise<never> => new Promise(() => undefined);
export const bodiesOf = (messages: readonly IncomingMessage[]): string[] => messages.map(({ body }) => body);
export const numbered = (count: number): string[] => Array.from({ length: count }, (_, i) => `message-${i}`);

/** A promise that a case fulfils when it is time: what waits for `opened` goes on after `open()`. */
export function gate(): { readonly opened: Promise<void>; readonly open: () => void } {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open };
}
