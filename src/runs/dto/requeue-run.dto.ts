import { IsOptional, IsString, Length, ValidateIf } from 'class-validator';

/** `POST /failed-runs/:workflow_id/requeue` */
export class RequeueRunDto {
  /** A top-level step that the run has reached. Left out: the step that failed. */
  @ValidateIf((_, from) => from !== undefined)
  @IsString()
  @Length(1, 100)
  readonly from?: string;

  /** In place of the run's input, all of it: secrets are not kept with a failed run. */
  @IsOptional()
  readonly input?: unknown;
}
