import { setImmediate } from 'node:timers/promises';
import type { BootedServices } from '../../libs/orchestrator/src/testing/index.js';

/** Grows with everything that happens. */
export interface Activity {
  readonly activity: number;
}

/** Turns of the event loop in which nothing happens, after which whoever is at work waits for somebody else. */
const TURNS = 500;

/** Until nothing more happens by itself at this moment. `until` ends it earlier. */
export async function quiet(of: Activity, until: () => boolean = () => false): Promise<void> {
  let seen = of.activity;
  for (let turns = 0; turns < TURNS && !until(); turns += 1) {
    await setImmediate();
    if (of.activity !== seen) turns = 0;
    seen = of.activity;
  }
}

/** Until nothing is left to happen: handlers that nobody lets go on are given up by their deadlines, not waited for. */
export async function untilIdle(services: BootedServices, of: Activity): Promise<void> {
  const idle = new AbortController();
  const settling = services.settle().finally(() => {
    idle.abort();
  });
  for (;;) {
    await quiet(of, () => idle.signal.aborted);
    if (idle.signal.aborted) return settling;
    if (!(await services.clock.advanceToNext())) return;
  }
}
