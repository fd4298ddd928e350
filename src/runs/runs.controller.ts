import {
  Body,
  ConflictException,
  Controller,
  Get,
  HttpCode,
  HttpStatus,
  Param,
  Post,
  Query,
  UseFilters,
} from '@nestjs/common';
import { InjectOrchestrator, type StartOptions, WorkflowOrchestrator } from 'nest-orchestrator';
import { GetResultDto } from './dto/get-result.dto.js';
import { StartRunDto } from './dto/start-run.dto.js';
import { RunUnknownError } from './run-unknown.error.js';
import { type CookbookView, linksOf, type ResultView, type RunView, type StartedRun } from './run.views.js';
import { RunsFilter } from './runs.filter.js';

/** Runs over HTTP: start one, see how far it is, fetch what it came to, cancel it. `RunsFilter` says which errors there are. */
@Controller('runs')
@UseFilters(RunsFilter)
export class RunsController {
  constructor(@InjectOrchestrator('runs') private readonly orchestrator: WorkflowOrchestrator) {}

  @Post()
  @HttpCode(HttpStatus.ACCEPTED)
  async start(@Body() run: StartRunDto): Promise<StartedRun> {
    const { workflowId } = await this.orchestrator.start(run.cookbook, optionsOf(run));
    return { workflow_id: workflowId, links: linksOf(workflowId) };
  }

  @Get('cookbooks')
  cookbooks(): CookbookView[] {
    return Array.from(this.orchestrator.cookbooks, ([name, { description = '', input_schema = null }]) => ({
      name,
      description,
      input_schema,
    }));
  }

  @Get(':workflow_id')
  async status(@Param('workflow_id') id: string): Promise<RunView> {
    const { status } = await this.orchestrator.status(id);
    if (status === 'unknown') throw new RunUnknownError(id);
    return { workflow_id: id, status, links: linksOf(id) };
  }

  /** Waits for the end of the run, but not longer than `timeout`: then it answers 202, ask again. */
  @Get(':workflow_id/result')
  async result(@Param('workflow_id') id: string, @Query() { timeout }: GetResultDto): Promise<ResultView> {
    await this.status(id);
    const { output, steps } = await this.orchestrator.result(id, { timeout });
    return { workflow_id: id, status: 'completed', output, steps };
  }

  /** Accepted: the run ends when the step at work has settled. What it has done stays done. */
  @Post(':workflow_id/cancel')
  @HttpCode(HttpStatus.ACCEPTED)
  async cancel(@Param('workflow_id') id: string): Promise<RunView> {
    await this.status(id);
    const { status } = await this.orchestrator.cancel(id);
    if (status === 'completed' || status === 'failed') {
      throw new ConflictException({ code: 'RUN_ENDED', message: `Run ${id} has ended before: it has ${status}.` });
    }
    return { workflow_id: id, status, links: linksOf(id) };
  }
}

/** The document's snake_case, as TypeScript has it. What is absent stays absent. */
function optionsOf({ input, workflow_id, tenant_id, person_id }: StartRunDto): StartOptions {
  return {
    ...(input === undefined ? {} : { input }),
    ...(workflow_id === undefined ? {} : { workflowId: workflow_id }),
    ...(tenant_id === undefined ? {} : { tenantId: tenant_id }),
    ...(person_id === undefined ? {} : { personId: person_id }),
  };
}
