import { Controller, Module, type Type } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import { Mutates } from '../decorators/mutates.decorator.js';
import { Operation } from '../decorators/operation.decorator.js';
import { Sensitive } from '../decorators/sensitive.decorator.js';
import type { OperationContext } from '../operations/operation.js';
import { OrchestratorModule } from '../orchestrator.module.js';
import type { OrchestratorModuleOptions } from '../orchestrator.options.js';

/** What an operation of a {@link serviceOf} does. */
export type TestOperation = (input: never, context: OperationContext) => unknown;

/** The operations of a {@link serviceOf}, by name; those under `mutates` change something. */
export interface TestOperations {
  readonly reads?: Readonly<Record<string, TestOperation>>;
  readonly mutates?: Readonly<Record<string, TestOperation>>;
  /** Input fields that hold secrets, by the name of the operation. */
  readonly sensitive?: Readonly<Record<string, readonly string[]>>;
}

/**
 * A service for a test, without writing its controller and module: each function becomes an operation, called as a handler
 * would be.
 *
 * @example
 * const orders = serviceOf('orders', { reads: { price: ({ sku }: { sku: string }) => ({ sku, cents: 100 }) } });
 */
export function serviceOf(
  service: string,
  { reads = {}, mutates = {}, sensitive = {} }: TestOperations,
  options: OrchestratorModuleOptions = {},
): Type {
  @Controller()
  class TestController {}
  const traitsOf = (name: string): MethodDecorator[] =>
    Object.hasOwn(sensitive, name) ? [Sensitive(...(sensitive[name] ?? []))] : [];
  for (const [name, handle] of Object.entries(reads)) addMethod(TestController, name, handle, ...traitsOf(name));
  for (const [name, handle] of Object.entries(mutates))
    addMethod(TestController, name, handle, Mutates(), ...traitsOf(name));

  @Module({ imports: [OrchestratorModule.forRoot({ service, ...options })], controllers: [TestController] })
  class TestModule {}
  for (const [type, role] of [
    [TestController, 'Controller'],
    [TestModule, 'Module'],
  ] as const) {
    Object.defineProperty(type, 'name', { value: `${service}${role}` }); // as error messages name them
  }
  return TestModule;
}

function addMethod(type: Type, name: string, handle: TestOperation, ...decorators: MethodDecorator[]): void {
  const prototype = type.prototype as object;
  const value = (input: never, context: OperationContext): unknown => handle(input, context);
  const descriptor = { value, writable: true, enumerable: false, configurable: true };
  Object.defineProperty(prototype, name, descriptor);
  Payload()(prototype, name, 0);
  Ctx()(prototype, name, 1);
  for (const decorate of [...decorators, Operation(name)]) decorate(prototype, name, descriptor);
}
