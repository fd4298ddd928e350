import { afterEach } from '@jest/globals';
import type { LoggerService, ModuleMetadata } from '@nestjs/common';
import type { OrchestratorModuleOptions } from '../../libs/orchestrator/src/orchestrator.options.js';
import type { WorkflowOrchestrator } from '../../libs/orchestrator/src/orchestrator.service.js';
import type { RunStatus, StateStore } from '../../libs/orchestrator/src/state/state.store.js';
import { MemoryStateStore } from '../../libs/orchestrator/src/state/memory/memory.store.js';
import { type BootedServices, bootServices } from '../../libs/orchestrator/src/testing/boot-services.js';
import { serviceOf, type TestOperations } from '../../libs/orchestrator/src/testing/service-of.js';
import { MemoryBroker } from '../../libs/orchestrator/src/transports/memory/memory.broker.js';

/** The services of the test at work: {@link boot} makes them, and they are closed after it. */
export let services: BootedServices;
afterEach(() => services.close());

/** @param operations of each service, by name; one is `alpha`, which starts runs */
export async function boot(
  operations: Readonly<Record<string, TestOperations>>,
  options: OrchestratorModuleOptions = {},
  imports: ModuleMetadata['imports'] = [],
  logger: LoggerService | false = false,
): Promise<void> {
  const modules = Object.entries(operations).map(([service, each]) => serviceOf(service, each, options));
  services = await bootServices({ imports: [...modules, ...imports] }, { logger });
}

export const alpha = (): WorkflowOrchestrator => services.orchestrator('alpha');
export const broker = (): MemoryBroker => services.app.get(MemoryBroker, { strict: false });
export const store = (): MemoryStateStore => services.app.get(MemoryStateStore, { strict: false });

export const task = (
  step_id: string,
  service: string,
  operation: string,
  input: unknown = {},
  more: object = {},
): object => ({
  step_id,
  type: 'task',
  service,
  operation,
  input,
  ...more,
});
export const cookbook = (...steps: object[]): object => ({ version: '2.1.0', steps });

/** Starts a run, lets time pass until nothing is left to happen, and tells how it ended. */
export async function run(
  document: object,
  options: object = {},
): Promise<RunStatus & { readonly workflowId: string }> {
  const { workflowId } = await alpha().start(document, options);
  await services.settle();
  return { workflowId, ...(await alpha().status(workflowId)) };
}

/** Messages of a destination, as they were published. */
export const sent = (destination: string): Readonly<Record<string, unknown>>[] =>
  services.hops.filter((hop) => hop.destination === destination).map((hop) => hop.message);
export const terminals = (): Readonly<Record<string, unknown>>[] => [
  ...sent('workflow.completed'),
  ...sent('workflow.failed'),
];

/** Operations of a service that count: a read and a mutation, each returning how often it was called. */
export function counting(): { readonly count: { read: number; charge: number }; readonly operations: TestOperations } {
  const count = { read: 0, charge: 0 };
  const operations = { reads: { read: () => (count.read += 1) }, mutates: { charge: () => (count.charge += 1) } };
  return { count, operations };
}

/** The store refuses so many calls of a method, before doing it or after. */
export function failing(
  method: 'claim' | 'record' | 'end' | 'extend' | 'arrive',
  times: number,
  when: 'before' | 'after',
): void {
  const target = store() as StateStore;
  const original = target[method].bind(target) as (...args: unknown[]) => Promise<unknown>;
  let left = times;
  Object.assign(target, {
    [method]: async (...args: unknown[]) => {
      if ((left -= 1) < 0) return original(...args);
      if (when === 'after') await original(...args);
      throw new Error('the store is away');
    },
  });
}
