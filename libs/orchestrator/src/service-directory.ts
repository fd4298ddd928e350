import { Injectable, type OnModuleInit } from '@nestjs/common';
import { ConfigurationError } from './errors/configuration.error.js';
import { OperationsExplorer, type ServiceDeclaration } from './operations/operations.explorer.js';

/** The services of this application: each module registers its own while it is made, then their operations are found. */
@Injectable()
export class ServiceDirectory implements OnModuleInit {
  private readonly services = new Map<string, ServiceDeclaration>();

  constructor(private readonly explorer: OperationsExplorer) {}

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

  get names(): readonly string[] {
    return [...this.services.keys()];
  }

  async onModuleInit(): Promise<void> {
    await this.explorer.explore(this.services);
  }
}
