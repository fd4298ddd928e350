import { IsIn, IsInt, Max, Min } from 'class-validator';
import { WAREHOUSES, type Warehouse } from '../stock.js';

export class FindShortagesDto {
  @IsIn(WAREHOUSES)
  readonly warehouse!: Warehouse;

  @IsInt()
  @Min(1)
  @Max(50)
  readonly limit!: number;
}
