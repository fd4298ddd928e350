import { declare, refuseBare } from './metadata.js';

/** A top-level field of an input. */
export type InputField<Dto extends object> = keyof Dto & string;

/**
 * Top-level input fields that hold secrets. Makes a `@MessagePattern('name')` handler an operation.
 *
 * @example
 * ```ts
 * @Operation('charge') @Sensitive<ChargeDto>('card_number', 'cvc')
 * charge(@Payload() input: ChargeDto): Promise<Receipt> { … }
 * ```
 */
export function Sensitive<Dto extends object = Record<string, unknown>>(
  ...fields: readonly InputField<Dto>[]
): MethodDecorator {
  refuseBare('@Sensitive', fields[0], fields[1]);
  return declare('@Sensitive', { traits: { sensitiveInputFields: fields } });
}
