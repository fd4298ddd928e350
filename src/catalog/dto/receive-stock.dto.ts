import { IsIn } from 'class-validator';
import { WAREHOUSES, type Warehouse } from '../stock.js';
import { LineDto } from './line.dto.js';

export class ReceiveStockDto extends LineDto {
  @IsIn(WAREHOUSES)
  readonly warehouse!: Warehouse;
}
