import { IsString } from 'class-validator';

export class GetProductDto {
  @IsString()
  readonly sku!: string;
}
