import { randomUUID } from 'node:crypto';
import type { OnApplicationBootstrap } from '@nestjs/common';
import type { StateStore } from './state/state.store.js';
import { readSummary, type WrittenSummary } from './state/summary.js';
import { UnrecordedStore } from './state/none/unrecorded.store.js';
import { repliesOf } from './transports/destinations.js';
import type { WorkflowTransport } from './transports/workflow.transport.js';

/** Where there are no run records: the destination at which this process hears how the runs ended that it started. */
export class Replies implements OnApplicationBootstrap {
  /** `undefined`: the run record tells it. */
  readonly destination: string | undefined;

  constructor(
    service: string,
    private readonly store: StateStore,
    private readonly transport: WorkflowTransport,
  ) {
    this.destination = store.keepsRecords ? undefined : repliesOf(service, randomUUID());
  }

  async onApplicationBootstrap(): Promise<void> {
    const { destination, store } = this;
    if (destination === undefined || !(store instanceof UnrecordedStore)) return;
    await this.transport.consume(destination, ({ body }) => {
      const { workflow_id, summary } = JSON.parse(body) as { workflow_id: string; summary: WrittenSummary };
      store.tell(workflow_id, readSummary(summary));
      return Promise.resolve();
    });
  }
}
