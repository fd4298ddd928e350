import type { Cookbook } from '../../../libs/orchestrator/src/cookbook/cookbook.js';
import { OneFault, type Verdict } from '../../../libs/orchestrator/src/testing/simulator/fault-plan.js';
import type { Workshop } from './workshop.js';

/** A run with one crash, and what came of it. */
export interface Boundary {
  readonly call: number;
  readonly verdict: Verdict;
  readonly differences: readonly string[];
}

const NOWHERE = -1;
/** Milliseconds: the message comes again while its dead holder's lease lives, or after it. */
const REDELIVERIES = [0, 90_000];

/** A cookbook, crashed once before and once after every single call that its run makes. */
export async function everyCrash(workshop: Workshop, cookbook: Cookbook, seed: number): Promise<Boundary[]> {
  const { history } = await workshop.run({ cookbook, seed, plan: new OneFault(NOWHERE, 'pass') });
  const boundaries: Boundary[] = [];
  for (let call = 0; call < history.calls; call += 1) {
    for (const verdict of ['crash-before', 'crash-after'] as const) {
      const redeliverIn = REDELIVERIES[(seed + call) % REDELIVERIES.length];
      const { differences } = await workshop.run({ cookbook, seed, plan: new OneFault(call, verdict, redeliverIn) });
      boundaries.push({ call, verdict, differences });
    }
  }
  return boundaries;
}
