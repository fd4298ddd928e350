import { IsString } from 'class-validator';

export class GetCustomerDto {
  @IsString()
  readonly customer_id!: string;
}
