import { IsInt, Max, Min } from 'class-validator';

export class DiscountDto {
  @IsInt()
  @Min(0)
  readonly total_cents!: number;

  @IsInt()
  @Min(0)
  @Max(50)
  readonly percent!: number;
}
