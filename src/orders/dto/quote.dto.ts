import { IsInt, IsString, Min } from 'class-validator';

export class QuoteDto {
  @IsString()
  readonly customer_id!: string;

  @IsInt()
  @Min(0)
  readonly goods_cents!: number;

  @IsInt()
  @Min(0)
  readonly freight_cents!: number;
}
