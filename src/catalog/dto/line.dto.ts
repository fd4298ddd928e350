import { IsInt, IsString, Max, Min } from 'class-validator';
import type { Line } from '../stock.js';

export class LineDto implements Line {
  @IsString()
  readonly sku!: string;

  @IsInt()
  @Min(1)
  @Max(100)
  readonly quantity!: number;
}
