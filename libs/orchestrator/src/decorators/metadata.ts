import { ConfigurationError } from '../errors/configuration.error.js';
import type { OperationTraits, ResourceRef } from '../operations/operation.js';
import { checkTraits } from '../operations/traits.schema.js';
import { isRecord } from '../utils/is-record.js';

/** What our decorators said of a handler, by decorator. On the method itself, where `Reflector` finds it. */
export const OPERATION_METADATA = 'orchestrator:operation';
/** The functions that were decorated under a method's name: another one in their place is a wrapper. */
const DECORATED_METADATA = 'orchestrator:decorated';

/** One decorator's part of an operation. */
export interface Declaration {
  /** Given by `@Operation` only. */
  readonly name?: string;
  readonly traits: OperationTraits;
}

/** Declarations by the decorator that made them: `@Mutates`. */
export type Declarations = ReadonlyMap<string, Declaration>;

/** What decorators said of a method; `undefined`: nothing. */
export function declarationsOf(method: object): Declarations | undefined {
  return Reflect.getMetadata(OPERATION_METADATA, method) as Declarations | undefined;
}

/** As messages name it: `@Mutates on InvoiceController.update`. */
const placeOf = (decorator: string, target: object, property: string | symbol): string =>
  `${decorator} on ${target.constructor.name}.${String(property)}`;

/**
 * A method decorator that adds to what is declared of the method.
 *
 * @param again what to make of it and of what the same decorator said before, further down; or the way out: it may not, then
 * @throws ConfigurationError for what cannot be meant, where it is written
 */
export function declare(
  decorator: string,
  declaration: Declaration,
  again: string | ((earlier: Declaration) => Declaration) = '',
): MethodDecorator {
  return (target, property, descriptor) => {
    const place = placeOf(decorator, target, property);
    checkTraits(place, declaration.traits);
    const method = descriptor.value as object;
    const declarations = new Map(declarationsOf(method));
    const earlier = declarations.get(decorator);
    if (earlier !== undefined && typeof again === 'string')
      throw new ConfigurationError(`${place} stands there twice: say it once.${again}`);
    declarations.set(decorator, earlier === undefined || typeof again === 'string' ? declaration : again(earlier));
    Reflect.defineMetadata(OPERATION_METADATA, declarations, method);
    Reflect.defineMetadata(DECORATED_METADATA, [...decoratedUnder(target, property), method], target, property);
  };
}

/** @throws ConfigurationError for a decorator without its parentheses: it is given what the decorator it makes is given */
export function refuseBare(decorator: string, target: unknown, property: unknown): void {
  const isKey = typeof property === 'string' || typeof property === 'symbol';
  if (!isKey || !isRecord(target) || typeof target[property as string] !== 'function') return;
  throw new ConfigurationError(`${placeOf(decorator, target, property)} lacks its parentheses: write ${decorator}(…).`);
}

/** What a decorator says of a resource. Options that are none are left to the check, which says so. */
export const refOf = (resource: unknown, options: unknown = {}): ResourceRef =>
  (isRecord(options) ? { resource, ...options } : options) as ResourceRef;

/**
 * Metadata keys, Nest's included, that the method of a class has lost: a decorator above ours put a wrapper in its place
 * and did not copy them. What was lost below our decorators cannot be known.
 */
export function lostMetadata(prototype: object, property: string): string[] {
  const owner = ownerOf(prototype, property);
  const present = new Set(Reflect.getMetadataKeys(owner[property] as object));
  const wanted = decoratedUnder(owner, property).flatMap((method) => Reflect.getMetadataKeys(method) as unknown[]);
  return [...new Set(wanted)].filter((key) => !present.has(key)).map(String);
}

/** The prototype that declares a method: who overrides it without decorators makes no operation, as in Nest. */
function ownerOf(prototype: object, property: string): Record<string, unknown> {
  let owner: object | null = prototype;
  while (owner !== null && !Object.hasOwn(owner, property)) owner = Object.getPrototypeOf(owner) as object | null;
  return (owner ?? prototype) as Record<string, unknown>;
}

function decoratedUnder(prototype: object, property: string | symbol): object[] {
  return (Reflect.getOwnMetadata(DECORATED_METADATA, prototype, property) as object[] | undefined) ?? [];
}
