import { IsInt, IsISO31661Alpha2, Min } from 'class-validator';

export class ScreenPaymentDto {
  @IsInt()
  @Min(0)
  readonly total_cents!: number;

  @IsISO31661Alpha2()
  readonly card_country!: string;

  @IsISO31661Alpha2()
  readonly ship_to_country!: string;
}
