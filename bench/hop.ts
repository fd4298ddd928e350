import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { getOrchestratorToken } from '../libs/orchestrator/src/decorators/inject-orchestrator.decorator.js';
import type { OperationContext } from '../libs/orchestrator/src/operations/operation.js';
import { OperationRegistry } from '../libs/orchestrator/src/operations/operation.registry.js';
import type { WorkflowOrchestrator } from '../libs/orchestrator/src/orchestrator.service.js';
import { serviceOf } from '../libs/orchestrator/src/testing/service-of.js';
import { medians, report } from './report.js';

/**
 * 2,000 runs of a five-step cookbook over five services in memory, 100 in flight. The limit is what no design could save: the
 * same five handlers through the invoker, and the message as JSON once per hop.
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

const context = { caller: {} } as OperationContext;

/** Calls `run` so often, so many at once. */
async function inFlight(run: (index: number) => Promise<unknown>): Promise<void> {
  let started = 0;
  const worker = async (): Promise<void> => {
    while (started < RUNS) await run((started += 1));
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
}

const ours = (): Promise<void> => inFlight(() => orchestrator.run('five-steps', { input }));

const limit = (): Promise<void> =>
  inFlight(async (index) => {
    let message = {
      workflow_id: `w${index}`,
      correlation_id: 'c',
      current_step: '',
      cookbook: { ...cookbook, api_input: input },
    };
    for (const [at, step] of cookbook.steps.entries()) {
      message = JSON.parse(JSON.stringify({ ...message, current_step: step.step_id })) as typeof message;
      const { invoke } = operations.find(step.service, step);
      const output = await invoke({ text: message.cookbook.api_input.payload }, context);
      Object.assign(message.cookbook.steps[at] ?? {}, { output });
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
