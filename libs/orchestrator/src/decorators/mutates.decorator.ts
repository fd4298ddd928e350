import { declare, refOf, refuseBare } from './metadata.js';

/** Which instance of a resource is changed. */
export interface MutatesOptions<Dto extends object> {
  /** The input field that says which one. Default: any of the resource. */
  readonly id?: keyof Dto & string;
}

/**
 * The handler changes something: cached reads of the resource are refreshed, and its outcome is recorded before the run
 * goes on. Makes a `@MessagePattern('name')` handler an operation.
 *
 * @param resource what it changes. Default: anything of its service
 *
 * @example
 * ```ts
 * @Operation('update-invoice')
 * @Mutates<UpdateInvoiceDto>('invoice', { id: 'id' })
 * update(@Payload() input: UpdateInvoiceDto): Promise<Invoice> { … }
 * ```
 */
export function Mutates<Dto extends object = Record<string, unknown>>(
  resource?: string,
  options?: MutatesOptions<Dto>,
): MethodDecorator {
  refuseBare('@Mutates', resource, options);
  const isAnything = resource === undefined && options === undefined;
  const mutated = isAnything ? {} : { mutated: refOf(resource, options) };
  return declare('@Mutates', { traits: { mutates: true, ...mutated } }, ONE);
}

const ONE =
  ' A handler changes one resource: change another within stepCache.mutation(), or say @Mutates(): anything of the service.';
