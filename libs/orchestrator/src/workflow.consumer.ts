import type { OnApplicationBootstrap, OnModuleDestroy } from '@nestjs/common';
import type { TaskRunner } from './execution/task.runner.js';
import type { Hop } from './hop.js';
import type { StateStore } from './state/state.store.js';
import { deadOf, workflowOf } from './transports/destinations.js';
import type { Publisher } from './transports/publisher.js';
import type { WorkflowTransport } from './transports/workflow.transport.js';

/** Milliseconds that hops have to put their messages back once their handlers were told to stop. */
const PUT_BACK_WITHIN = 1_000;

/** MESSAGE IN: hands the transport's messages to the hop, from the moment the application is up until it shuts down. */
export class WorkflowConsumer implements OnApplicationBootstrap, OnModuleDestroy {
  constructor(
    private readonly settings: { readonly service: string; readonly shutdownGrace: number },
    private readonly transport: WorkflowTransport,
    private readonly hop: Hop,
    private readonly tasks: TaskRunner,
    private readonly publisher: Publisher,
    private readonly state: StateStore,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    const { service } = this.settings;
    await this.transport.consume(workflowOf(service), (message) => this.hop.handle(message));
    await this.transport.consume(deadOf(service), (message) => this.hop.bury(message));
  }

  /** Waits for the steps at work; those that outlast the grace are told to stop, and their messages are put back. */
  async onModuleDestroy(): Promise<void> {
    await this.transport.stop(this.settings.shutdownGrace);
    this.tasks.abort();
    await this.transport.stop(PUT_BACK_WITHIN);
    this.publisher.close();
    await this.transport.close();
    await this.state.close();
  }
}
