import { Injectable, type InjectionToken, type Type } from '@nestjs/common';
import { DiscoveryService, MetadataScanner } from '@nestjs/core';
import { ConfigurationError } from '../errors/configuration.error.js';
import { nearest } from '../utils/nearest.js';
import { candidatesOf, describedMethods, type Candidate } from './candidate.js';
import { handlerName, type Handler } from './handler.js';
import { HandlerProbe, nameStandIn } from './handler.probe.js';
import { OperationInvoker } from './operation.invoker.js';
import { OperationRegistry } from './operation.registry.js';
import { mergeTraits, type Statement } from './operation.traits.js';
import { readOperations, type DeclaredOperations, type OperationsSource } from './operations-file.js';
import { ownerProbe } from './owner.probe.js';
import { checkParameters, parametersOf } from './parameters.js';
import { schemaBracket } from './schema-bracket.js';
import { changingMethodOf, isUndeclared } from './undeclared.js';

/** A service of this application, as its module registers it. */
export interface ServiceDeclaration {
  /** A module that can inject it belongs to the service. */
  readonly token: InjectionToken;
  /** What is said of the service's operations beside the decorators. */
  readonly operations?: OperationsSource | undefined;
}

/** Finds every operation of the application at boot, and refuses what could not mean what it says. */
@Injectable()
export class OperationsExplorer {
  constructor(
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
    private readonly invoker: OperationInvoker,
    private readonly registry: OperationRegistry,
    private readonly probe: HandlerProbe,
  ) {}

  /**
   * Fills the registry with the operations of these services. Once per application, from `onModuleInit` on.
   *
   * @param guards whether mutations of a service may run within a bracket only
   * @throws ConfigurationError naming the handler or the file, what was found there, and the fix
   */
  async explore(
    services: ReadonlyMap<string, ServiceDeclaration>,
    guards: (service: string) => boolean,
  ): Promise<void> {
    const declared = await this.declarationsOf(services);
    const controllers = this.discovery.getControllers();
    this.refuseProviders(new Set(controllers.map(({ metatype }) => metatype)));

    const visibleFrom = ownerProbe(new Map([...services].map(([service, { token }]) => [service, token])));
    const owners = new Map<Type, string>();
    for (const candidate of controllers.flatMap((host) => candidatesOf(host, this.scanner))) {
      const { handler } = candidate;
      const visible = await visibleFrom(handler.module);
      const names = operationsAmong(candidate, visible, declared);
      this.rememberPlain(candidate, names, visible);
      if (names.length === 0) continue;
      const service = soleOwner(handler, visible);
      refuseSecondOwner(handler, service, owners);
      checkParameters(handler);
      for (const name of names) this.register(service, name, candidate, declared.get(service));
    }
    for (const handler of this.registry.mutatingHandlers(guards)) this.probe.guard(handler);
    for (const [service, { place, traits }] of declared) this.refuseUnhandled(service, place, [...traits.keys()]);
  }

  private async declarationsOf(
    services: ReadonlyMap<string, ServiceDeclaration>,
  ): Promise<Map<string, DeclaredOperations>> {
    const declared = new Map<string, DeclaredOperations>();
    for (const [service, { operations }] of services) {
      const read = await readOperations(operations);
      declared.set(service, read);
      this.registry.addService(service, read.lookup);
    }
    return declared;
  }

  private rememberPlain(
    { handler, names }: Candidate,
    operations: readonly string[],
    visible: readonly string[],
  ): void {
    for (const name of names.filter((one) => !operations.includes(one))) {
      for (const service of visible) this.registry.addPlain(service, name, handlerName(handler));
    }
  }

  private register(
    service: string,
    name: string,
    candidate: Candidate,
    declared: DeclaredOperations | undefined,
  ): void {
    const { handler } = candidate;
    const of = `operation "${name}" of "${service}"`;
    const earlier = this.registry.get(service, name);
    if (earlier !== undefined) {
      throw new ConfigurationError(
        `${of} has two handlers, ${earlier.handler} and ${handlerName(handler)}: rename one, or list the controller in one ` +
          'module only.',
      );
    }
    const traits = mergeTraits(of, statementsOf(name, candidate, declared));
    const invoke = this.invoker.bind({ ...handler, operation: name }, schemaBracket(of, traits));
    if (handler.host.isDependencyTreeStatic()) nameStandIn(handler.host.instance as object, handler.methodName);
    const parameters = parametersOf(handler);
    const said = { undeclared: isUndeclared(traits), changingMethod: changingMethodOf(handler.method) };
    const mutates = traits.mutates ?? false;
    this.registry.add(
      { ...traits, ...said, mutates, service, name, handler: handlerName(handler), parameters, invoke },
      handler,
    );
  }

  /** Steps reach controllers only: elsewhere Nest has no guards, pipes and filters to run. */
  private refuseProviders(controllers: ReadonlySet<unknown>): void {
    for (const { metatype, isNotMetatype } of this.discovery.getProviders()) {
      if (isNotMetatype || metatype === null || controllers.has(metatype)) continue;
      const [methodName] = describedMethods(metatype as Type, this.scanner);
      if (methodName === undefined) continue;
      throw new ConfigurationError(
        `${handlerName({ type: metatype as Type, methodName })} is an operation of a provider. Operations are methods of ` +
          `controllers: make ${metatype.name} a @Controller() and list it under controllers.`,
      );
    }
  }

  private refuseUnhandled(service: string, place: string, names: readonly string[]): void {
    const unhandled = names.find((name) => this.registry.get(service, name) === undefined);
    if (unhandled === undefined) return;
    const handled = this.registry.names(service);
    const meant = nearest(unhandled, handled);
    throw new ConfigurationError(
      `${place} lists operation "${unhandled}" of "${service}", which no handler has` +
        (meant === undefined ? '. ' : `; "${meant}" has one. `) +
        `Add @Operation(${JSON.stringify(unhandled)}) or @MessagePattern(${JSON.stringify(unhandled)}) to a method of a ` +
        'controller whose module imports the service, or remove the entry.',
    );
  }
}

/** Every name of a handler that our decorators describe; of a plain one those that a visible service's file lists. */
function operationsAmong(
  { names, declarations }: Candidate,
  visible: readonly string[],
  declared: ReadonlyMap<string, DeclaredOperations>,
): readonly string[] {
  if (declarations !== undefined) return names;
  return names.filter((name) => visible.some((service) => declared.get(service)?.traits.has(name)));
}

function statementsOf(name: string, { handler, declarations }: Candidate, declared?: DeclaredOperations): Statement[] {
  const decorated = [...(declarations ?? [])].map(([decorator, { traits }]) => ({
    place: `${decorator} on ${handlerName(handler)}`,
    traits,
  }));
  const traits = declared?.traits.get(name);
  return declared === undefined || traits === undefined ? decorated : [...decorated, { place: declared.place, traits }];
}

function soleOwner(handler: Handler, visible: readonly string[]): string {
  const [service, ...others] = visible;
  if (service !== undefined && others.length === 0) return service;
  const seen = service === undefined ? 'no service' : `several services (${visible.join(', ')})`;
  throw new ConfigurationError(
    `${handlerName(handler)} is an operation, but its module ${handler.module.name} sees ${seen}, so nobody knows whose: import ` +
      "exactly one OrchestratorModule.forRoot({ service: '…' }) there, directly or through a module that exports it.",
  );
}

/** What Nest keeps of a controller it keeps by class: two services would share it. */
function refuseSecondOwner(handler: Handler, service: string, owners: Map<Type, string>): void {
  const earlier = owners.get(handler.type) ?? service;
  owners.set(handler.type, service);
  if (earlier === service) return;
  throw new ConfigurationError(
    `${handler.type.name} is a controller of two services, ${earlier} and ${service}: give each a class of its own, a subclass ` +
      'for example.',
  );
}
