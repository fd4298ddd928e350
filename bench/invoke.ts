import 'reflect-metadata';
import { Controller, Module, type NestInterceptor } from '@nestjs/common';
import { ROUTE_ARGS_METADATA } from '@nestjs/common/constants.js';
import { ExternalContextCreator, NestFactory } from '@nestjs/core';
import { Ctx, Payload } from '@nestjs/microservices';
import { Operation } from '../libs/orchestrator/src/decorators/operation.decorator.js';
import type { OperationContext } from '../libs/orchestrator/src/operations/operation.js';
import { OperationRegistry } from '../libs/orchestrator/src/operations/operation.registry.js';
import { PARAMETERS } from '../libs/orchestrator/src/operations/parameters.js';
import { OrchestratorModule } from '../libs/orchestrator/src/orchestrator.module.js';
import { medians, report } from './report.js';

/** An operation that does nothing, beside the same method through Nest's own creator for foreign transports. */
@Controller()
class NothingController {
  @Operation('nothing')
  nothing(@Payload() input: unknown, @Ctx() context: unknown): boolean {
    return input === context;
  }
}

@Module({ imports: [OrchestratorModule.forRoot({ service: 'bench' })], controllers: [NothingController] })
class BenchModule {}

const CALLS = 5_000;
const passThrough: NestInterceptor = { intercept: (_, next) => next.handle() };
const context = { caller: {}, signal: new AbortController().signal } as OperationContext;
const input = { id: 7 };

async function perCall(interceptors: readonly NestInterceptor[]): Promise<Record<'ours' | 'bare', number>> {
  const app = await NestFactory.create(BenchModule, { logger: false });
  app.useGlobalInterceptors(...interceptors);
  await app.init();
  const { invoke } = app.get(OperationRegistry).find('bench', { step_id: 's1', operation: 'nothing' });
  const controller = app.get(NothingController);
  const method = controller.nothing.bind(controller) as (...args: unknown[]) => unknown;
  const bare = app.get(ExternalContextCreator).create(controller, method, 'nothing', ROUTE_ARGS_METADATA, PARAMETERS);
  const measured = await medians(CALLS, { ours: () => invoke(input, context), bare: () => bare(input, context) });
  await app.close();
  return measured;
}

const plain = await perCall([]);
const intercepted = await perCall([passThrough]);

const unit = 'µs';
report('invoke', [
  { name: 'an operation / the bare handler context of Nest', value: plain.ours, unit, limit: plain.bare, goal: '<= 2' },
  { name: '… with one interceptor / the same', value: intercepted.ours, unit, limit: intercepted.bare, goal: '<= 1.5' },
]);
