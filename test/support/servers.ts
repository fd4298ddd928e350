import type { AddressInfo, Server as NetServer } from 'node:net';
import { afterEach } from '@jest/globals';
import { ConsoleLogger, type INestApplication, type INestMicroservice, type ModuleMetadata } from '@nestjs/common';
import { type ClientProxy, ClientProxyFactory, Transport } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { lastValueFrom } from 'rxjs';
import { getOrchestratorToken } from '../../libs/orchestrator/src/decorators/inject-orchestrator.decorator.js';
import type { WorkflowOrchestrator } from '../../libs/orchestrator/src/orchestrator.service.js';
import { VirtualClock } from '../../libs/orchestrator/src/testing/virtual-clock.js';
import { MemoryBroker } from '../../libs/orchestrator/src/transports/memory/memory.broker.js';
import type { OutgoingMessage } from '../../libs/orchestrator/src/transports/workflow.transport.js';
import { Clock } from '../../libs/orchestrator/src/utils/clock.js';
import { CONTEXT, LoopbackServer } from './operations.js';

/** The application of the test at work, which connects servers of Nest; {@link create} makes it, it is closed after it. */
export let app: INestApplication;
export let clock: VirtualClock;
/** What was logged. */
export let log: string[];
/** What the services sent by the transport of the library. */
export let sent: OutgoingMessage[];

const clients: ClientProxy[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) await client.close();
  await app.close();
});

/** Makes the application; the test connects servers, and initialises it. */
export async function create(metadata: ModuleMetadata): Promise<void> {
  [clock, log, sent] = [new VirtualClock(), [], []];
  const module = await Test.createTestingModule(metadata).overrideProvider(Clock).useValue(clock).compile();
  app = module.createNestApplication({ logger: new ListLogger() });
  const broker = app.get(MemoryBroker, { strict: false });
  const publish = broker.publish.bind(broker);
  broker.publish = (message) => {
    publish(message);
    sent.push(message);
  };
}

class ListLogger extends ConsoleLogger {
  protected override printMessages(messages: unknown[]): void {
    log.push(...messages.map(String));
  }
}

/** Initialises the application, and lets its servers listen. */
export async function start(): Promise<void> {
  await app.init();
  await app.startAllMicroservices();
}

/** Lets the application answer HTTP requests too, on a free port of this machine. */
export async function listen(): Promise<void> {
  await start();
  await app.listen(0, '127.0.0.1');
}

/** What an HTTP request was answered with. */
export interface Answer {
  readonly status: number;
  readonly type: string | null;
  /** Parsed, where it is JSON. */
  readonly body: unknown;
}

/** Makes an HTTP request to the application. */
export async function request(
  method: string,
  path: string,
  body?: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const response = await fetch(`${await app.getUrl()}${path}`, {
    method,
    headers: { connection: 'close', 'content-type': 'application/json', ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  const type = response.headers.get('content-type');
  return { status: response.status, type, body: type?.includes('json') === true ? JSON.parse(text) : text };
}

/** A broker's server without a wire: the test is the broker. */
export class LoopbackBroker extends LoopbackServer {
  deliver = (destination: string, payload: unknown): Promise<unknown> =>
    this.handleEvent(destination, { pattern: destination, data: payload }, CONTEXT as never);
}

export function connectLoopback(): LoopbackBroker {
  const strategy = new LoopbackBroker();
  app.connectMicroservice({ strategy }, { inheritAppConfig: true });
  return strategy;
}

/** A TCP server on a free port of this machine. */
export const connectTcp = (): INestMicroservice =>
  app.connectMicroservice(
    { transport: Transport.TCP, options: { host: '127.0.0.1', port: 0 } },
    { inheritAppConfig: true },
  );

/** @param server that listens */
export function clientOf(server: INestMicroservice): ClientProxy {
  const { port } = server.unwrap<NetServer>().address() as AddressInfo;
  const client = ClientProxyFactory.create({ transport: Transport.TCP, options: { host: '127.0.0.1', port } });
  clients.push(client);
  return client;
}

/** Resolves when the event is written. */
export const emit = (client: ClientProxy, destination: string, payload: unknown): Promise<unknown> =>
  lastValueFrom(client.emit(destination, payload), { defaultValue: undefined });

export const alpha = (): WorkflowOrchestrator =>
  app.get<WorkflowOrchestrator>(getOrchestratorToken('alpha'), { strict: false });

/** Messages to a destination, as they were sent. */
export const sentTo = (destination: string): unknown[] =>
  sent.filter((message) => message.destination === destination).map(({ body }) => JSON.parse(body) as unknown);
