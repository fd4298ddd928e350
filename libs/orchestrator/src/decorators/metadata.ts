import { ConfigurationError } from '../errors/configuration.error.js';
import type { OperationTraits } from '../operations/operation.js';

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

/**
 * A method decorator that adds to what is declared of the method. `extend` is given what the same decorator said before,
 * further down; by default it may not say anything twice.
 */
export function declare(
  decorator: string,
  declaration: Declaration,
  extend: (earlier: Declaration) => Declaration = refuse(decorator),
): MethodDecorator {
  return (target, property, descriptor) => {
    const method = descriptor.value as object;
    const declarations = new Map(declarationsOf(method));
    const earlier = declarations.get(decorator);
    declarations.set(decorator, earlier === undefined ? declaration : extend(earlier));
    Reflect.defineMetadata(OPERATION_METADATA, declarations, method);
    Reflect.defineMetadata(DECORATED_METADATA, [...decoratedUnder(target, property), method], target, property);
  };
}

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

function refuse(decorator: string): () => never {
  return () => {
    throw new ConfigurationError(`${decorator} stands twice on one handler: say it once.`);
  };
}
