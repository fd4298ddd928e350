import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Payload } from '@nestjs/microservices';
import { Brackets, type Call } from '../../libs/orchestrator/src/cache/brackets.js';
import type { CacheOptions } from '../../libs/orchestrator/src/cache/cache.options.js';
import { fieldIn } from '../../libs/orchestrator/src/cache/fields.js';
import { replacedBy } from '../../libs/orchestrator/src/cache/tags.js';
import { Operation } from '../../libs/orchestrator/src/decorators/operation.decorator.js';
import { Reads } from '../../libs/orchestrator/src/decorators/reads.decorator.js';
import { OPERATION_CONTEXT_TYPE, type OperationContext } from '../../libs/orchestrator/src/operations/operation.js';
import { type BoundOperation, OperationRegistry } from '../../libs/orchestrator/src/operations/operation.registry.js';
import { OrchestratorModule } from '../../libs/orchestrator/src/orchestrator.module.js';
import { CALLER, type Contender, noHit, TTL_MINUTES } from './contender.js';

/** A read of an order: the same one cached, and not. */
@Controller()
class OrdersController {
  value: object = {};

  @Operation('get')
  @Reads<{ id: string }>('order', { id: 'id' })
  get(@Payload() _: { id: string }): object {
    return this.value;
  }

  @Operation('get-uncached', { cache: false })
  @Reads<{ id: string }>('order', { id: 'id' })
  getUncached(@Payload() _: { id: string }): object {
    return this.value;
  }
}

const origin = { context: 'workflow', workflowId: 'bench', path: 'get' } as const;
const context = { caller: CALLER, signal: new AbortController().signal } as OperationContext;

export interface Ours extends Contender {
  /** The operation called as a step calls it, with everything that Nest has around a handler. It hits. */
  readonly readInStep: (id: string) => Promise<unknown>;
  /** The same of one that is not cached: its handler runs, and does nothing. */
  readonly executeInStep: (id: string) => Promise<unknown>;
}

/** The step cache of a service, as the module makes it. Default: with everything in memory. */
export async function ours(size: number, value: object, cache: CacheOptions = {}): Promise<Ours> {
  @Module({
    imports: [OrchestratorModule.forRoot({ service: 'orders', cache: { ...cache, size, ttl: `${TTL_MINUTES}m` } })],
    controllers: [OrdersController],
  })
  class OursModule {}
  const app = await NestFactory.create(OursModule, { logger: false });
  await app.init();
  app.get(OrdersController).value = value;
  const brackets = app.get(Brackets, { strict: false });
  const registry = app.get(OperationRegistry, { strict: false });
  const find = (operation: string): BoundOperation => registry.find('orders', { step_id: 's', operation });
  const [get, getUncached] = [find('get'), find('get-uncached')];

  /** As the runner of tasks makes it. */
  const callOf = (id: string): Call => {
    const input = { id };
    const fieldOf = (field: string): unknown => fieldIn(input, field);
    return { contextType: OPERATION_CONTEXT_TYPE, caller: CALLER, input, fieldOf, origin, collapses: true };
  };
  const inStep = (operation: BoundOperation, id: string): Promise<unknown> =>
    operation.invoke({ id }, context, brackets.reading(operation, callOf(id)));

  return {
    read: (id) => brackets.reading(get, callOf(id))?.around(noHit) ?? noHit(),
    fill: async (ids) => {
      for (const id of ids) await inStep(get, id);
    },
    purge: (id) => brackets.purge(replacedBy([{ service: 'orders', resource: 'order', id }], CALLER), 'cancel', origin),
    readInStep: (id) => inStep(get, id),
    executeInStep: (id) => inStep(getUncached, id),
    close: () => app.close(),
  };
}
