import 'reflect-metadata';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { getOrchestratorToken } from '../libs/orchestrator/src/decorators/inject-orchestrator.decorator.js';
import type { WorkflowOrchestrator } from '../libs/orchestrator/src/orchestrator.service.js';
import { serviceOf } from '../libs/orchestrator/src/testing/service-of.js';
import { report } from './report.js';

/**
 * What a long life leaves behind: the resident memory of a process after 100,000 runs beside that after 10,000, when the store
 * has as many finished records as it keeps. Two services, a fork that travels, 100 in flight, 1 kB of input.
 */
const EARLY = 10_000;
const LATE = 100_000;
const IN_FLIGHT = 100;
const input = { payload: 'x'.repeat(1_000) };
const task = (step_id: string, service: string): object => ({
  step_id,
  type: 'task',
  service,
  operation: 'measure',
  input: { text: '{{api_input.payload}}' },
});
const cookbook = {
  version: '2.1.0',
  name: 'forked',
  steps: [
    task('first', 'alpha'),
    { step_id: 'both', type: 'fork_join', branches: { a: task('a', 'alpha'), b: task('b', 'beta') }, join: { strategy: 'all' } }, // prettier-ignore
    task('last', 'beta'),
  ],
};
const operations = { mutates: { measure: ({ text }: { text: string }) => ({ length: text.length }) } };

@Module({ imports: ['alpha', 'beta'].map((service) => serviceOf(service, operations, { cookbooks: [cookbook] })) })
class App {}
const app = await NestFactory.createApplicationContext(App, { logger: false });
const orchestrator = app.get<WorkflowOrchestrator>(getOrchestratorToken('alpha'), { strict: false });

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

async function runs(count: number): Promise<void> {
  let started = 0;
  const worker = async (): Promise<void> => {
    while ((started += 1) <= count) await orchestrator.run('forked', { input });
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
}

/** MB, once what is garbage has been given back. */
function resident(): number {
  for (let round = 0; round < 3; round += 1) collect();
  return process.memoryUsage.rss() / 2 ** 20;
}

await runs(EARLY);
const early = resident();
await runs(LATE - EARLY);
const late = resident();
await app.close();

report('memory', [
  {
    name: `resident after ${LATE} runs / 50 MB above ${EARLY}`,
    value: late,
    unit: 'MB',
    limit: early + 50,
    goal: '<= 1',
  },
]);
