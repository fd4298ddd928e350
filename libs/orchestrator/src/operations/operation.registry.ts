import { Injectable, type Type } from '@nestjs/common';
import type { TaskStep } from '../cookbook/cookbook.js';
import { ConfigurationError } from '../errors/configuration.error.js';
import { UnknownOperationError } from '../errors/unknown-operation.error.js';
import { describe } from '../utils/describe.js';
import { isRecord } from '../utils/is-record.js';
import type { HandlerId } from './handler.js';
import type { Operation, OperationLookup, ResourceRef } from './operation.js';
import type { Invoke } from './operation.invoker.js';
import type { HandlerParameters } from './parameters.js';

/** An operation that can be run here. */
export interface BoundOperation extends Operation {
  readonly mutates: boolean;
  /** Nothing says what it reads or changes, or how it is cached: it is taken for a read. */
  readonly undeclared?: boolean;
  /** The HTTP method of its route, where that is for changes: `POST`. */
  readonly changingMethod?: string | undefined;
  /** As messages name it: `InvoiceController.get`. */
  readonly handler: string;
  readonly parameters: HandlerParameters;
  /** Runs the handler with everything around it, between the checks of its `input` and `output` schemas. */
  readonly invoke: Invoke;
}

/** The operations of this application's services. The explorer fills it at boot; nothing is added later. */
@Injectable()
export class OperationRegistry {
  private readonly services = new Map<string, Map<string, BoundOperation>>();
  private readonly handlers = new Map<Type, Map<string, BoundOperation[]>>();
  private readonly lookups = new Map<string, OperationLookup>();
  private readonly plain = new Map<string, Map<string, string>>();

  /** Makes a service known, even if it has no operation yet. */
  addService(service: string, lookup?: OperationLookup): void {
    this.services.set(service, new Map());
    if (lookup !== undefined) this.lookups.set(service, lookup);
  }

  add(operation: BoundOperation, { type, methodName }: HandlerId): void {
    this.services.get(operation.service)?.set(operation.name, operation);
    const methods = this.handlers.get(type) ?? new Map<string, BoundOperation[]>();
    this.handlers.set(type, methods);
    methods.set(methodName, [...(methods.get(methodName) ?? []), operation]);
  }

  /** The operations that a handler is, under each of its names. */
  handledBy({ type, methodName }: HandlerId): readonly BoundOperation[] {
    return this.handlers.get(type)?.get(methodName) ?? [];
  }

  /** Whether a handler may change something, under any of its names. */
  mutates(handler: HandlerId): boolean {
    return this.handledBy(handler).some(({ mutates }) => mutates);
  }

  /** The operations that this one's handler is, under each of its names. */
  ofOneHandler(operation: BoundOperation): readonly BoundOperation[] {
    const lists = [...this.handlers.values()].flatMap((methods) => [...methods.values()]);
    return lists.find((operations) => operations.includes(operation)) ?? [operation];
  }

  /** The handlers that mutate under any of their names, of the services that are asked for. */
  *mutatingHandlers(among: (service: string) => boolean): Iterable<HandlerId> {
    for (const [handler, operations] of this.allHandlers()) {
      if (operations.some(({ mutates, service }) => mutates && among(service))) yield handler;
    }
  }

  /** Every handler, with the operations that it is. */
  *allHandlers(): Iterable<readonly [HandlerId, readonly BoundOperation[]]> {
    for (const [type, methods] of this.handlers) {
      for (const [methodName, operations] of methods) yield [{ type, methodName }, operations];
    }
  }

  /** Every operation of every service. */
  *all(): Iterable<BoundOperation> {
    for (const operations of this.services.values()) yield* operations.values();
  }

  /** Remembers a message pattern that nothing makes an operation, for whoever takes it for one. */
  addPlain(service: string, name: string, handler: string): void {
    const known = this.plain.get(service) ?? new Map<string, string>();
    this.plain.set(service, known.set(name, handler));
  }

  /** Whether the operations of this service are known here. */
  has(service: string): boolean {
    return this.services.has(service);
  }

  /** The names of a service's operations; none of a service that is not here. */
  names(service: string): readonly string[] {
    return [...(this.services.get(service)?.keys() ?? [])];
  }

  /** The handler of a message pattern of this name that is no operation: `OrdersController.get`. */
  plainHandler(service: string, name: string): string | undefined {
    return this.plain.get(service)?.get(name);
  }

  /** The input fields of an operation that hold secrets; `undefined` of one that is not known here. */
  sensitiveFields(service: string, name: string): readonly string[] | undefined {
    const operation = this.get(service, name);
    return operation === undefined ? undefined : (operation.sensitiveInputFields ?? []);
  }

  get(service: string, name: string): BoundOperation | undefined {
    return this.services.get(service)?.get(name);
  }

  /**
   * The operation a step names, as it counts for this step: a lookup and the step itself may add that it mutates, and take
   * nothing away.
   *
   * @throws UnknownOperationError; and whatever the service's lookup throws, so that the step fails before its handler
   */
  find(service: string, step: Pick<TaskStep, 'step_id' | 'operation' | 'mutates'>): BoundOperation {
    const operation = this.get(service, step.operation);
    if (operation === undefined) {
      const plain = this.plainHandler(service, step.operation);
      throw new UnknownOperationError(service, step.operation, this.names(service), plain);
    }
    const said = this.lookUp(service, step);
    const mutates = operation.mutates || said.mutates === true || step.mutates === true;
    if (mutates === operation.mutates && said.resource_type === undefined) return operation;
    const { mutated, ...others } = operation;
    const resource = said.resource_type === undefined ? mutated : widest(operation, said.resource_type);
    return { ...others, mutates, ...(resource === undefined ? {} : { mutated: resource }) };
  }

  /** Whether steps of this service may turn out to mutate although nothing declares that. */
  hasLookup(service: string): boolean {
    return this.lookups.has(service);
  }

  private lookUp(service: string, step: Parameters<OperationLookup>[1]): LookupAnswer {
    const answer = this.lookups.get(service)?.(service, step);
    if (answer === undefined || isLookupAnswer(answer)) return answer ?? {};
    throw new ConfigurationError(
      `The operations lookup of service "${service}" answered ${describe(answer)} for step "${step.step_id}". It must ` +
        'answer { mutates?: boolean, resource_type?: string } or undefined, and at once: it is not awaited.',
    );
  }
}

type LookupAnswer = NonNullable<ReturnType<OperationLookup>>;

function isLookupAnswer(answer: unknown): answer is LookupAnswer {
  if (!isRecord(answer) || answer instanceof Promise) return false;
  const { mutates, resource_type: resource } = answer;
  return (
    (mutates === undefined || typeof mutates === 'boolean') && (resource === undefined || typeof resource === 'string')
  );
}

/** What is changed when a lookup names a resource too; `undefined`, anything of the service, where the two disagree. */
function widest({ mutates, mutated }: Operation, resource: string): ResourceRef | undefined {
  if (mutates !== true && mutated === undefined) return { resource };
  return mutated?.resource === resource ? mutated : undefined;
}
