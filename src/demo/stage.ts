import type { INestApplicationContext } from '@nestjs/common';
import {
  type CacheEvent,
  getOrchestratorToken,
  StepCache,
  type WorkflowEvent,
  type WorkflowOrchestrator,
} from 'nest-orchestrator';
import { filter, merge, type Observable } from 'rxjs';

/** What a cache replaced, for a step or for a call. */
export type Purge = CacheEvent & { readonly type: 'purge' };

/** What happens in a run: to itself, to its steps, and to what is cached of what they change. */
export type RunEvent = WorkflowEvent | Purge;

/** An application that runs are played in. */
export interface Stage {
  readonly orchestrator: WorkflowOrchestrator;
  readonly purges$: Observable<Purge>;
  /** Of all runs, in the order it happens. */
  readonly events$: Observable<RunEvent>;
}

/** @param service whose orchestrator starts the runs */
export function stageOf(app: INestApplicationContext, service = 'runs'): Stage {
  const orchestrator = app.get<WorkflowOrchestrator>(getOrchestratorToken(service), { strict: false });
  const caches = app.get(StepCache, { strict: false, each: true });
  const purges$ = merge(...caches.map(({ events$ }) => events$)).pipe(filter(isPurge));
  return { orchestrator, purges$, events$: merge(orchestrator.events$, purges$) };
}

const isPurge = (event: CacheEvent): event is Purge => event.type === 'purge';
