import 'reflect-metadata';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { rabbitmq } from '../../libs/orchestrator/src/rabbitmq.js';
import { serviceOf } from '../../libs/orchestrator/src/testing/service-of.js';

/** A process with one service, whose resident memory is looked at. */
export interface Worker {
  readonly service: string;
  readonly amqp: string;
  readonly prefetch: number;
}

/** What it is told: its handlers wait from `shut` to `open`. It answers each. */
export type Word = 'shut' | 'open' | 'look';

/** What it answers. */
export interface Seen {
  /** Handlers that wait. */
  readonly atWork: number;
  /** MB, once what is garbage has been given back. */
  readonly resident: number;
}

const { service, amqp, prefetch } = JSON.parse(process.env['WORKER'] ?? '{}') as Worker;
setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
let open = (): void => undefined;
let opened = Promise.resolve();
let atWork = 0;
const measure = async ({ text }: { text: string }): Promise<object> => {
  atWork += 1;
  await opened;
  atWork -= 1;
  return { length: text.length };
};
const options = { transport: rabbitmq({ urls: amqp, prefetch }), state: false, cache: false } as const;

@Module({ imports: [serviceOf(service, { reads: { measure } }, options)] })
class App {}
const app = await NestFactory.createApplicationContext(App, { logger: ['error', 'warn'] });

process.on('message', (word: Word) => {
  if (word === 'shut') opened = new Promise((resolve) => (open = resolve));
  if (word === 'open') open();
  for (let round = 0; round < 3; round += 1) collect();
  process.send?.({ atWork, resident: process.memoryUsage.rss() / 2 ** 20 } satisfies Seen);
});
process.once('disconnect', () => void app.close());
process.send?.('ready');
