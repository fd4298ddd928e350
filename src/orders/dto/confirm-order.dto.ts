import { IsString } from 'class-validator';
import { OrderIdDto } from './order-id.dto.js';

export class ConfirmOrderDto extends OrderIdDto {
  @IsString()
  readonly payment_id!: string;

  @IsString()
  readonly invoice_id!: string;
}
