import { Type } from 'class-transformer';
import { ArrayNotEmpty, ArrayUnique, IsArray, ValidateNested } from 'class-validator';
import { LineDto } from './line.dto.js';

export class PriceBasketDto {
  @IsArray()
  @ArrayNotEmpty()
  @ArrayUnique((line: LineDto) => line.sku)
  @ValidateNested({ each: true })
  @Type(() => LineDto)
  readonly lines!: LineDto[];
}
