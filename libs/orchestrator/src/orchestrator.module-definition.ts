import { ConfigurableModuleBuilder, type DynamicModule } from '@nestjs/common';
import type { OrchestratorModuleOptions } from './orchestrator.options.js';

/** What is said beside the options, because it must be known before they are. */
export interface OrchestratorModuleExtras {
  /** The service whose steps this application executes: letters, digits, `-` and `_`. */
  service: string;
  /** Makes `WorkflowOrchestrator` injectable everywhere. Default `false`: where the module is imported. */
  isGlobal?: boolean;
}

/** Makes the options when they come from a class: `forRootAsync({ useClass })`. */
export interface OrchestratorOptionsFactory {
  createOrchestratorOptions(): OrchestratorModuleOptions | Promise<OrchestratorModuleOptions>;
}

export const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN, OPTIONS_TYPE, ASYNC_OPTIONS_TYPE } =
  new ConfigurableModuleBuilder<OrchestratorModuleOptions>({ moduleName: 'Orchestrator' })
    .setClassMethodName('forRoot')
    .setFactoryMethodName('createOrchestratorOptions')
    .setExtras<OrchestratorModuleExtras>(
      { service: '', isGlobal: false },
      (definition, { isGlobal = false }): DynamicModule => ({
        ...definition,
        global: isGlobal,
      }),
    )
    .build();
