import { Injectable, type OnModuleInit } from '@nestjs/common';
import { StepCaches } from './cache/step-caches.js';
import { ConfigurationError } from './errors/configuration.error.js';
import { OperationRegistry } from './operations/operation.registry.js';
import { OperationsExplorer, type ServiceDeclaration } from './operations/operations.explorer.js';

/** The services of this application: each module registers its own while it is made, then their operations are found. */
@Injectable()
export class ServiceDirectory implements OnModuleInit {
  private readonly services = new Map<string, ServiceDeclaration>();

  private readonly records = new Map<string, boolean>();
  private deliverer: string | undefined;

  constructor(
    private readonly explorer: OperationsExplorer,
    private readonly operations: OperationRegistry,
    private readonly caches: StepCaches,
  ) {}

  /** @throws ConfigurationError for a service that is registered twice */
  register(service: string, declaration: ServiceDeclaration): void {
    if (this.services.has(service)) {
      throw new ConfigurationError(
        `OrchestratorModule: service "${service}" is registered twice in this application. Register it in one module, and ` +
          'import that module where it is needed.',
      );
    }
    this.services.set(service, declaration);
  }

  /** @throws ConfigurationError where the services of an application do not all keep run records, or all none: they share runs */
  registerRecords(service: string, kept: boolean): void {
    const other = [...this.records].find(([, keeps]) => keeps !== kept)?.[0];
    this.records.set(service, kept);
    if (other === undefined) return;
    const [without, withRecords] = kept ? [other, service] : [service, other];
    throw new ConfigurationError(
      `OrchestratorModule: service "${without}" has state: false, and "${withRecords}" keeps run records (got both in one application). ` +
        'Their runs pass through both: give state: false to all of them, or to none.',
    );
  }

  /** @throws ConfigurationError for a second one: both would deliver everything */
  registerDeliverer(service: string): void {
    const { deliverer = service } = this;
    if (deliverer !== service) {
      throw new ConfigurationError(
        `OrchestratorModule: services "${deliverer}" and "${service}" both have the option deliver, and would both deliver ` +
          'every run. Give it to one of them.',
      );
    }
    this.deliverer = service;
  }

  get names(): readonly string[] {
    return [...this.services.keys()];
  }

  async onModuleInit(): Promise<void> {
    await this.explorer.explore(this.services, (service) => this.caches.of(service)?.isOn === true);
    this.caches.open(this.operations);
  }
}
