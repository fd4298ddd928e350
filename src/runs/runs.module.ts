import { Module } from '@nestjs/common';
import { OrchestratorModule } from 'nest-orchestrator';
import { COOKBOOKS, SHARED } from '../orchestration.js';
import { RunsController } from './runs.controller.js';

/** Starts runs and executes no steps of its own. Any service may start runs: this one only happens to do nothing else. */
@Module({
  imports: [OrchestratorModule.forRoot({ service: 'runs', cookbooks: COOKBOOKS, ...SHARED })],
  controllers: [RunsController],
})
export class RunsModule {}
