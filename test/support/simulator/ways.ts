import type { Cookbook } from '../../../libs/orchestrator/src/cookbook/cookbook.js';
import { ForkMode, type ForkWay } from '../../../libs/orchestrator/src/execution/fork-mode.js';
import type { SimulationOptions } from '../../../libs/orchestrator/src/testing/simulator/simulation.js';
import { SERVICES } from '../random/library.js';
import { UnrecordedStore } from '../../../libs/orchestrator/src/state/none/unrecorded.store.js';

/** How the application is booted: where the parts of a fork run, and whether there are run records. */
export type Boot = 'by-service' | 'messages' | 'walked' | 'no-records';

export const BOOTS: Readonly<Record<Boot, SimulationOptions>> = {
  'by-service': {},
  messages: always({ kind: 'messages' }, true),
  walked: always({ kind: 'walk' }, false),
  'no-records': { durable: false, records: () => new UnrecordedStore() },
};

function always(way: ForkWay, fenced: boolean): SimulationOptions {
  const mode: Pick<ForkMode, 'fenced' | 'wayOf'> = { fenced, wayOf: () => way };
  return { override: (builder) => builder.overrideProvider(ForkMode).useValue(mode) };
}

/** Which services the steps of a cookbook belong to: as generated, all to one, or each task to another than the one before. */
export type Places = 'generated' | 'one' | 'next';

export function placed(cookbook: Cookbook, places: Places): Cookbook {
  if (places === 'generated') return cookbook;
  let tasks = 0;
  const text = JSON.stringify(cookbook, (_, value: unknown) => {
    if (typeof value !== 'object' || value === null || !('service' in value)) return value;
    const isTask = 'operation' in value;
    if (places === 'one') return { ...value, service: SERVICES[0] };
    return { ...value, service: SERVICES[(isTask ? (tasks += 1) : tasks) % SERVICES.length] };
  });
  return JSON.parse(text) as Cookbook;
}
