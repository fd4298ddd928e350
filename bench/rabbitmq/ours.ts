import { randomUUID } from 'node:crypto';
import { Module, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { connect } from 'amqplib';
import { Redis } from 'ioredis';
import { getOrchestratorToken } from '../../libs/orchestrator/src/decorators/inject-orchestrator.decorator.js';
import type { WorkflowOrchestrator } from '../../libs/orchestrator/src/orchestrator.service.js';
import { rabbitmq } from '../../libs/orchestrator/src/rabbitmq.js';
import { redisCache, redisState } from '../../libs/orchestrator/src/redis.js';
import { serviceOf } from '../../libs/orchestrator/src/testing/service-of.js';
import { type Contender, HOPS, PAYLOAD, PREFETCH } from './contender.js';

/** The servers that are named to the bench. */
export interface Servers {
  readonly amqp: string;
  readonly redis: string;
}

export interface Shape {
  /** `'one'` has all the steps, so that they run in one hop; of `'five'` each has one. */
  readonly services: 'one' | 'five';
  /** Whether run records are kept, in Redis. Default `false`. */
  readonly state?: boolean;
  /** Whether every step changes something, which is purged from a cache in Redis. Default `false`: they read, uncached. */
  readonly mutating?: boolean;
}

/** Runs of five steps, in an application that has all its services and starts them too. */
export async function ours(
  { amqp, redis }: Servers,
  { services, state = false, mutating = false }: Shape,
): Promise<Contender> {
  const namespace = `bench-${randomUUID()}`;
  const names = (services === 'one' ? ['all'] : HOPS).map((name) => `${namespace}-${name}`);
  const cookbook = {
    version: '2.1.0',
    name: 'five-steps',
    steps: HOPS.map((name, at) => ({
      step_id: `at_${name}`,
      type: 'task' as const,
      service: names[at % names.length],
      operation: 'measure',
      input: { text: '{{api_input.payload}}' },
    })),
  };
  const operations = { measure: ({ text }: { text: string }) => ({ length: text.length }) };
  const options = {
    namespace,
    cookbooks: [cookbook],
    transport: rabbitmq({ urls: amqp, prefetch: PREFETCH }),
    state: state ? redisState({ url: redis }) : (false as const),
    cache: mutating ? redisCache({ url: redis }) : (false as const),
  };
  const service = (name: string): Type =>
    serviceOf(name, mutating ? { mutates: operations } : { reads: operations }, options);

  @Module({ imports: names.map(service) })
  class App {}
  const app = await NestFactory.createApplicationContext(App, { logger: ['error', 'warn'] });
  const orchestrator = app.get<WorkflowOrchestrator>(getOrchestratorToken(names[0] ?? ''), { strict: false });
  const input = { payload: PAYLOAD };
  return {
    run: () => orchestrator.run('five-steps', { input }),
    close: async () => {
      await app.close();
      await forget(amqp, names);
      await forgetKeys(redis, namespace);
    },
  };
}

/** Deletes the queues of these services. */
export async function forget(amqp: string, services: readonly string[]): Promise<void> {
  const connection = await connect(amqp);
  const channel = await connection.createChannel();
  for (const service of services) {
    for (const queue of ['workflow', 'workflow.solo', 'dead']) await channel.deleteQueue(`${service}.${queue}`);
  }
  await connection.close();
}

async function forgetKeys(url: string, namespace: string): Promise<void> {
  const client = new Redis(url);
  const keys = await client.keys(`*${namespace}*`);
  for (let at = 0; at < keys.length; at += 1_000) await client.unlink(...keys.slice(at, at + 1_000));
  client.disconnect();
}
