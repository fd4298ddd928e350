import { IsIn } from 'class-validator';
import { LineDto } from '../../catalog/dto/line.dto.js';
import { WAREHOUSES, type Warehouse } from '../../catalog/stock.js';

export class PromiseDeliveryDto extends LineDto {
  @IsIn(WAREHOUSES)
  readonly warehouse!: Warehouse;
}
