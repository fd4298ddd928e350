import { IsIn } from 'class-validator';
import { WAREHOUSES, type Warehouse } from '../stock.js';
import { PriceBasketDto } from './price-basket.dto.js';

export class ReserveStockDto extends PriceBasketDto {
  @IsIn(WAREHOUSES)
  readonly warehouse!: Warehouse;
}
