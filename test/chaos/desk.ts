import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { type INestApplicationContext, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { getOrchestratorToken } from '../../libs/orchestrator/src/decorators/inject-orchestrator.decorator.js';
import { BrokerUnavailableError } from '../../libs/orchestrator/src/errors/broker-unavailable.error.js';
import { OrchestratorError } from '../../libs/orchestrator/src/errors/orchestrator.error.js';
import { OrchestratorModule } from '../../libs/orchestrator/src/orchestrator.module.js';
import type { WorkflowOrchestrator } from '../../libs/orchestrator/src/orchestrator.service.js';
import type { Planned } from './runs.js';
import { optionsOf } from './services.js';
import type { Setting } from './settings.js';
import type { Accepted } from './verdict.js';

/** Runs started a second. */
const RATE = 60;

/** Where runs are started: a service without operations. */
export class Desk {
  readonly accepted: Accepted[] = [];
  /** Runs that were refused at once, as they had to be. */
  refused = 0;
  /** Runs that were refused at once, and should not have been. */
  failed = 0;

  private readonly orchestrator: WorkflowOrchestrator;

  private constructor(private readonly app: INestApplicationContext) {
    this.orchestrator = app.get(getOrchestratorToken('desk'), { strict: false });
  }

  static async open(setting: Setting): Promise<Desk> {
    @Module({
      imports: [
        OrchestratorModule.forRoot({ service: 'desk', ...optionsOf({ ...setting, doubled: false, early: false }) }),
      ],
    })
    class DeskModule {}
    return new Desk(await NestFactory.createApplicationContext(DeskModule, { logger: false }));
  }

  /** Starts so many, one after another. */
  async start(runs: number, runOf: (n: number) => Planned): Promise<void> {
    for (let n = 0; n < runs; n += 1) {
      await this.insist(randomUUID(), runOf(n));
      await setTimeout(1_000 / RATE);
    }
  }

  /** What its record says; `away`: nothing. */
  async statusOf(workflowId: string): Promise<string> {
    return (await this.orchestrator.status(workflowId).catch(() => ({ status: 'away' }))).status;
  }

  async close(): Promise<void> {
    await this.app.close();
  }

  /** Starts it until the broker has it: the name of the run makes that one run. */
  private async insist(workflowId: string, { kind, cookbook, input = {}, fails }: Planned): Promise<void> {
    for (;;) {
      try {
        await this.orchestrator.start(cookbook, { workflowId, input });
        this.accepted.push({ workflowId, kind, ...(fails !== undefined && { fails }) });
        return;
      } catch (error) {
        if (!(error instanceof OrchestratorError)) throw error;
        if (!(error instanceof BrokerUnavailableError)) {
          if (error.code === fails) this.refused += 1;
          else this.failed += 1;
          return;
        }
        await setTimeout(200);
      }
    }
  }
}
