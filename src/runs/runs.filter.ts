import { type ArgumentsHost, Catch, HttpException, HttpStatus } from '@nestjs/common';
import { BaseExceptionFilter } from '@nestjs/core';
import {
  InvalidCookbookError,
  InvalidInputError,
  OrchestratorError,
  SensitiveInputRequiredError,
  WorkflowFailedError,
} from 'nest-orchestrator';

const STATUS: Readonly<Record<string, HttpStatus>> = {
  ARGUMENT_INVALID: HttpStatus.BAD_REQUEST,
  COOKBOOK_NOT_FOUND: HttpStatus.NOT_FOUND,
  COOKBOOK_INVALID: HttpStatus.BAD_REQUEST,
  INPUT_INVALID: HttpStatus.BAD_REQUEST,
  LIMIT_EXCEEDED: HttpStatus.PAYLOAD_TOO_LARGE,
  MESSAGE_INVALID: HttpStatus.CONFLICT,
  MESSAGE_TOO_LARGE: HttpStatus.PAYLOAD_TOO_LARGE,
  RESULT_TIMEOUT: HttpStatus.ACCEPTED,
  RESULT_TRUNCATED: HttpStatus.GONE,
  RUN_NOT_REQUEUABLE: HttpStatus.CONFLICT,
  SENSITIVE_INPUT_REQUIRED: HttpStatus.BAD_REQUEST,
  UNROUTABLE: HttpStatus.BAD_REQUEST,
  WORKFLOW_FAILED: HttpStatus.CONFLICT,
};

/**
 * What the library's errors are over HTTP: 400 with every problem of a document or an input, 404 for a cookbook nobody
 * knows, 413 for what exceeds a limit, 202 while a result is still to come, 409 with the failure when there will never
 * be one, and 410 when it was too large to keep: whoever needs it later reads it from `workflow.completed`. Of a requeue: 409
 * when the run, as it stands, cannot be tried again, and 400 with the `pointers` of the secrets that its input must hold.
 * Codes are stable, so clients match on `code`.
 */
@Catch(OrchestratorError)
export class RunsFilter extends BaseExceptionFilter {
  override catch(error: OrchestratorError, host: ArgumentsHost): void {
    const status = STATUS[error.code] ?? HttpStatus.INTERNAL_SERVER_ERROR;
    const { code, message } = error;
    super.catch(new HttpException({ code, message, ...factsOf(error) }, status, { cause: error }), host);
  }
}

function factsOf(error: OrchestratorError): object {
  if (error instanceof InvalidCookbookError || error instanceof InvalidInputError) return { problems: error.problems };
  if (error instanceof WorkflowFailedError) return { workflow_id: error.workflowId, failure: error.failure };
  if (error instanceof SensitiveInputRequiredError) return { pointers: error.pointers };
  return {};
}
