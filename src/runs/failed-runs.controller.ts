import {
  Body,
  Controller,
  Get,
  HttpCode,
  HttpStatus,
  NotFoundException,
  Param,
  Post,
  UseFilters,
} from '@nestjs/common';
import { InjectOrchestrator, type RequeueOptions, WorkflowOrchestrator } from 'nest-orchestrator';
import { RequeueRunDto } from './dto/requeue-run.dto.js';
import { detailsOf, type FailedRunDetails, type FailedRunView, viewOf } from './failed-run.views.js';
import { RunUnknownError } from './run-unknown.error.js';
import { linksOf, type StartedRun } from './run.views.js';
import { RunsFilter } from './runs.filter.js';

/** What operators do about runs that failed or were cancelled: look through them, look at one, try it again. */
@Controller('failed-runs')
@UseFilters(RunsFilter)
export class FailedRunsController {
  constructor(@InjectOrchestrator('runs') private readonly orchestrator: WorkflowOrchestrator) {}

  /** Oldest first. */
  @Get()
  async list(): Promise<FailedRunView[]> {
    return (await this.orchestrator.failed.list()).map(viewOf);
  }

  @Get(':workflow_id')
  async show(@Param('workflow_id') id: string): Promise<FailedRunDetails> {
    const run = await this.orchestrator.failed.get(id);
    if (run !== undefined) return detailsOf(run);
    const status = await this.statusOf(id);
    throw new NotFoundException({
      code: 'RUN_NOT_FAILED',
      message: `Run ${id} is not among the failed runs that are kept (its status: ${status}).`,
    });
  }

  /** Accepted: whether it ends well this time is the run's status to say. */
  @Post(':workflow_id/requeue')
  @HttpCode(HttpStatus.ACCEPTED)
  async requeue(@Param('workflow_id') id: string, @Body() changes: RequeueRunDto): Promise<StartedRun> {
    if ((await this.orchestrator.failed.get(id)) === undefined) await this.statusOf(id);
    await this.orchestrator.requeue(id, optionsOf(changes));
    return { workflow_id: id, links: linksOf(id) };
  }

  private async statusOf(id: string): Promise<string> {
    const { status } = await this.orchestrator.status(id);
    if (status === 'unknown') throw new RunUnknownError(id);
    return status;
  }
}

function optionsOf({ from, input }: RequeueRunDto): RequeueOptions {
  return { ...(from === undefined ? {} : { from }), ...(input === undefined ? {} : { input }) };
}
