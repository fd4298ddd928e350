import { Injectable } from '@nestjs/common';
import { OnWorkflowEvent, type WorkflowEvent } from 'nest-orchestrator';
import { Outbox } from './outbox.js';

/** Pages whoever is on duty about runs that failed. */
@Injectable()
export class OnDuty {
  constructor(private readonly outbox: Outbox) {}

  /** An event may be told twice: the pager rings once per run. */
  @OnWorkflowEvent('failed')
  async onFailed({ workflow_id, error_code = 'unknown' }: WorkflowEvent): Promise<void> {
    const text = `Run ${workflow_id} failed: ${error_code}.`;
    await this.outbox.send({ channel: 'pager', to: 'on-duty', text }, `failed:${workflow_id}`);
  }
}
