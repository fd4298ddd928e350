import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { getOrchestratorToken } from '../libs/orchestrator/src/decorators/inject-orchestrator.decorator.js';
import type { OperationContext } from '../libs/orchestrator/src/operations/operation.js';
import { OperationRegistry } from '../libs/orchestrator/src/operations/operation.registry.js';
import type { WorkflowOrchestrator } from '../libs/orchestrator/src/orchestrator.service.js';
import { MemoryBroker } from '../libs/orchestrator/src/transports/memory/memory.broker.js';
import { serviceOf } from '../libs/orchestrator/src/testing/service-of.js';
import { medians, report } from './report.js';

/**
 * 2,000 runs of a five-step cookbook over five services in memory, 100 in flight. The limit is what no design could save: the
 * same five handlers through the invoker, and the same messages through JSON once per hop.
 */
const RUNS = 2_000;
const IN_FLIGHT = 100;
const SERVICES = ['alpha', 'beta', 'gamma', 'delta', 'epsilon'];
const input = { payload: 'x'.repeat(1_000) };
const cookbook = {
  version: '2.1.0',
  name: 'five-steps',
  steps: SERVICES.map((service) => ({
    step_id: `at_${service}`,
    type: 'task' as const,
    service,
    operation: 'measure',
    input: { text: '{{api_input.payload}}' },
  })),
};

@Module({
  imports: SERVICES.map((service) =>
    serviceOf(
      service,
      { reads: { measure: ({ text }: { text: string }) => ({ length: text.length }) } },
      { cookbooks: [cookbook] },
    ),
  ),
})
class App {}
const app = await NestFactory.createApplicationContext(App, { logger: false });
const orchestrator = app.get<WorkflowOrchestrator>(getOrchestratorToken('alpha'), { strict: false });
const operations = app.get(OperationRegistry, { strict: false });

const context = { caller: {}, signal: new AbortController().signal } as OperationContext;

/** Calls `run` so often, so many at once. */
async function inFlight(run: () => Promise<unknown>): Promise<void> {
  let started = 0;
  const worker = async (): Promise<void> => {
    while ((started += 1) <= RUNS) await run();
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
}

const ours = (): Promise<void> => inFlight(() => orchestrator.run('five-steps', { input }));

/** The messages of one run, as they travel. */
async function messagesOfOneRun(): Promise<readonly string[]> {
  const broker = app.get(MemoryBroker, { strict: false });
  const publish = broker.publish.bind(broker);
  const bodies: string[] = [];
  broker.publish = (message) => {
    if (message.destination.endsWith('.workflow')) bodies.push(message.body);
    publish(message);
  };
  await orchestrator.run('five-steps', { input });
  broker.publish = publish;
  return bodies;
}
const messages = (await messagesOfOneRun()).map((body) => JSON.parse(body) as object);

const limit = (): Promise<void> =>
  inFlight(async () => {
    for (const [at, message] of messages.entries()) {
      JSON.parse(JSON.stringify(message));
      const [service = '', step_id = ''] = [SERVICES[at], cookbook.steps[at]?.step_id];
      await operations.find(service, { step_id, operation: 'measure' }).invoke({ text: input.payload }, context);
    }
  });

const { ours: perRun, limit: perRunAtLeast } = await medians(1, { ours, limit }, 7);
await app.close();

const perHop = (us: number): number => us / RUNS / SERVICES.length;
report('hop', [
  {
    name: 'a hop / handler and JSON alone',
    value: perHop(perRun),
    unit: 'µs',
    limit: perHop(perRunAtLeast),
    goal: '<= 2',
  },
]);
