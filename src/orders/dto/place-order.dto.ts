import { Type } from 'class-transformer';
import { ArrayNotEmpty, IsArray, IsInt, IsString, Min, ValidateNested } from 'class-validator';

export class OrderLineDto {
  @IsString()
  readonly sku!: string;

  @IsString()
  readonly name!: string;

  @IsInt()
  @Min(1)
  readonly quantity!: number;

  @IsInt()
  @Min(0)
  readonly price_cents!: number;
}

export class PlaceOrderDto {
  @IsString()
  readonly customer_id!: string;

  @IsArray()
  @ArrayNotEmpty()
  @ValidateNested({ each: true })
  @Type(() => OrderLineDto)
  readonly lines!: OrderLineDto[];

  @IsInt()
  @Min(0)
  readonly total_cents!: number;
}
