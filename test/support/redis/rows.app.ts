import { type INestApplicationContext } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { type CacheOptions, getOrchestratorToken, StepCache, type WorkflowOrchestrator } from 'nest-orchestrator';
import { serviceOf } from '../../../libs/orchestrator/src/testing/service-of.js';
import { asking } from '../ask.js';
import { Ledger } from '../ledger.js';
import { ListLogger } from './logged.js';
import { afterwards } from './private-redis.js';

/** One process' worth of service `alpha`, over rows that others may share. */
export interface RowsApp {
  readonly app: INestApplicationContext;
  readonly cache: StepCache;
  readonly ask: ReturnType<typeof asking>;
  close(): Promise<void>;
}

/** On real time. Closed after the test at work, if not before. */
export async function bootRows(ledger: Ledger, cache: CacheOptions, namespace: string): Promise<RowsApp> {
  const alpha = serviceOf('alpha', ledger.operations, {
    operations: Ledger.DECLARED,
    retry: { maxAttempts: 1 },
    cache,
    namespace,
  });
  const building = Test.createTestingModule({ imports: [alpha] }).setLogger(new ListLogger());
  const app = await (await building.compile()).init();
  let closed: Promise<void> | undefined;
  const close = (): Promise<void> => (closed ??= app.close());
  afterwards(close);
  return {
    app,
    cache: app.get(StepCache, { strict: false }),
    ask: asking(() => app.get<WorkflowOrchestrator>(getOrchestratorToken('alpha'), { strict: false })),
    close,
  };
}
