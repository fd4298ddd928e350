import {
  Body,
  Controller,
  Get,
  HttpCode,
  HttpStatus,
  NotFoundException,
  Param,
  Post,
  Query,
  UseFilters,
} from '@nestjs/common';
import { InjectOrchestrator, type StartOptions, WorkflowOrchestrator } from 'nest-orchestrator';
import { GetResultDto } from './dto/get-result.dto.js';
import { StartRunDto } from './dto/start-run.dto.js';
import { type CookbookView, linksOf, type ResultView, type RunView, type StartedRun } from './run.views.js';
import { RunsFilter } from './runs.filter.js';

/** Runs over HTTP: start one, see how far it is, fetch what it came to. `RunsFilter` says which errors there are. */
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
    if (status === 'unknown') {
      throw new NotFoundException({
        code: 'RUN_UNKNOWN',
        message: `No service has taken up a run ${id}, or not lately.`,
      });
    }
    return { workflow_id: id, status, links: linksOf(id) };
  }

  /** Waits for the end of the run, but not longer than `timeout`: then it answers 202, ask again. */
  @Get(':workflow_id/result')
  async result(@Param('workflow_id') id: string, @Query() { timeout }: GetResultDto): Promise<ResultView> {
    await this.status(id);
    const { output, steps } = await this.orchestrator.result(id, { timeout });
    return { workflow_id: id, status: 'completed', output, steps };
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
