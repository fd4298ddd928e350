import { IsInt, IsString, Min } from 'class-validator';

export class RefundDto {
  @IsString()
  readonly payment_id!: string;

  @IsInt()
  @Min(1)
  readonly amount_cents!: number;
}
