import type { OperationTraits } from '../operations/operation.js';
import { declare, refuseBare } from './metadata.js';

/**
 * Makes a controller's method an operation: a task step that names it runs it in process, with its guards, interceptors,
 * pipes and filters. It subscribes to no message: for that `@MessagePattern` stands beside it.
 *
 * @param name unique in the service that the controller's module imports
 * @param traits what `@Mutates`, `@Reads` and `@Sensitive` do not say: schemas, caching
 *
 * @example
 * ```ts
 * @Operation('get-invoice')
 * @Reads<GetInvoiceDto>('invoice', { id: 'id' })
 * get(@Payload() input: GetInvoiceDto, @Ctx() context: OperationContext): Promise<Invoice> { … }
 * ```
 */
export function Operation(name: string, traits: OperationTraits = {}): MethodDecorator {
  refuseBare('@Operation', name, traits);
  return declare('@Operation', { name, traits });
}
