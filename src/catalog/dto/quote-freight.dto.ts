import { IsIn, IsISO31661Alpha2 } from 'class-validator';
import { PriceBasketDto } from './price-basket.dto.js';

export class QuoteFreightDto extends PriceBasketDto {
  @IsIn(['post', 'courier'])
  readonly carrier!: 'post' | 'courier';

  @IsISO31661Alpha2()
  readonly country!: string;
}
