import { Module } from '@nestjs/common';
import { OrchestratorModule } from 'nest-orchestrator';
import { COOKBOOKS, SHARED } from '../orchestration.js';
import { FailedRunsController } from './failed-runs.controller.js';
import { RunsController } from './runs.controller.js';

/** Starts runs, looks after those that failed, and executes no steps of its own. Any service may do so: this one only happens to do nothing else. */
@Module({
  imports: [OrchestratorModule.forRoot({ service: 'runs', cookbooks: COOKBOOKS, ...SHARED })],
  controllers: [RunsController, FailedRunsController],
})
export class RunsModule {}
