import { declare, refOf, refuseBare } from './metadata.js';

/** Which instance of a resource is read, and whose resource it is. */
export interface ReadsOptions<Dto extends object> {
  /** The input field that says which one. Default: any of the resource, a list for example. */
  readonly id?: keyof Dto & string;
  /** The service whose resource it is. Default: the handler's own. */
  readonly service?: string;
}

/**
 * The handler reads a resource and changes nothing: its cached answers live until that resource changes. May be repeated,
 * four resources at most. Makes a `@MessagePattern('name')` handler an operation.
 *
 * @example
 * ```ts
 * @Operation('get-statement')
 * @Reads<GetStatementDto>('invoice')
 * @Reads<GetStatementDto>('customer', { id: 'customer_id', service: 'crm' })
 * statement(@Payload() input: GetStatementDto): Promise<Statement> { … }
 * ```
 */
export function Reads<Dto extends object = Record<string, unknown>>(
  resource: string,
  options?: ReadsOptions<Dto>,
): MethodDecorator {
  refuseBare('@Reads', resource, options);
  const ref = refOf(resource, options);
  return declare('@Reads', { traits: { reads: [ref] } }, ({ traits }) => ({
    traits: { reads: [ref, ...(traits.reads ?? [])] },
  }));
}
