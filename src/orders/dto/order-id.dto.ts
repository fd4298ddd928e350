import { IsString } from 'class-validator';

export class OrderIdDto {
  @IsString()
  readonly order_id!: string;
}
