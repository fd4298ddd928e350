import { type Observable, Subject } from 'rxjs';
import type { Clock } from '../utils/clock.js';
import type { CacheContext, CacheCounters, CacheEvent, CacheEventType } from './cache.event.js';

/** Where a call came from, and which step it was. */
export interface Origin {
  readonly context: CacheContext;
  readonly workflowId?: string | undefined;
  readonly path?: string | undefined;
}

export const FROM_CODE: Origin = { context: 'code' };

/** Tells and counts what the cache of one service does. */
export class CacheEvents {
  private readonly subject = new Subject<CacheEvent>();
  readonly events$: Observable<CacheEvent> = this.subject.asObservable();
  private readonly counted = new Map<string, Record<CacheEventType, number>>();

  constructor(
    private readonly service: string,
    private readonly clock: Clock,
  ) {}

  tell(
    type: CacheEventType,
    operation: string | null,
    origin: Origin,
    reason: string | null = null,
    tags: readonly string[] = [],
  ): void {
    this.count(type, operation ?? '');
    if (!this.subject.observed) return;
    this.subject.next({
      v: 1,
      type,
      service: this.service,
      operation,
      reason,
      tags,
      context: origin.context,
      workflow_id: origin.workflowId ?? null,
      path: origin.path ?? null,
      at: new Date(this.clock.now()).toISOString(),
    });
  }

  /** By operation; under `''` the purges that no operation made. */
  counters(): Readonly<Record<string, CacheCounters>> {
    return Object.fromEntries([...this.counted].map(([operation, counters]) => [operation, { ...counters }]));
  }

  private count(type: CacheEventType, operation: string): void {
    let counters = this.counted.get(operation);
    if (counters === undefined) {
      counters = { hit: 0, miss: 0, bypass: 0, fill: 0, purge: 0, difference: 0 };
      this.counted.set(operation, counters);
    }
    counters[type] += 1;
  }
}
