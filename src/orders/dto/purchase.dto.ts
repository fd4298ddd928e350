import { IsInt, IsString, Min } from 'class-validator';

export class PurchaseDto {
  @IsString()
  readonly sku!: string;

  @IsInt()
  @Min(1)
  readonly quantity!: number;

  @IsString()
  readonly supplier!: string;

  @IsInt()
  @Min(0)
  readonly unit_cents!: number;
}
