import { Matches } from 'class-validator';

/** `GET /runs/:workflow_id/result?timeout=500ms` */
export class GetResultDto {
  /** How long to wait for the run's end. */
  @Matches(/^(?:\d{1,5}ms|[1-9]\d?s)$/, { message: 'timeout must be 0ms to 99999ms, or 1s to 99s' })
  readonly timeout: string = '5s';
}
