import { IsCreditCard, IsInt, IsString, Min } from 'class-validator';

export class ChargeCardDto {
  @IsString()
  readonly order_id!: string;

  @IsInt()
  @Min(1)
  readonly amount_cents!: number;

  @IsCreditCard()
  readonly card_number!: string;
}
