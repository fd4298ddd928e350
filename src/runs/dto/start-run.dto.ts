import { IsOptional, IsString, Length, ValidateBy } from 'class-validator';

const IsCookbook = (): PropertyDecorator =>
  ValidateBy({
    name: 'isCookbook',
    validator: {
      validate: (value) => typeof value === 'string' || (typeof value === 'object' && value !== null),
      defaultMessage: () => 'cookbook must be the name of a cookbook (see GET /runs/cookbooks) or a cookbook document',
    },
  });

/** `POST /runs` */
export class StartRunDto {
  @IsCookbook()
  readonly cookbook!: string | object;

  /** Any JSON value; the cookbook's `input_schema` says which. */
  @IsOptional()
  readonly input?: unknown;

  /** Starting twice under one id starts one run. */
  @IsOptional()
  @IsString()
  @Length(1, 100)
  readonly workflow_id?: string;

  @IsOptional()
  @IsString()
  @Length(1, 100)
  readonly tenant_id?: string;

  @IsOptional()
  @IsString()
  @Length(1, 100)
  readonly person_id?: string;
}
