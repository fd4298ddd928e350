import { IsNotEmpty, IsPhoneNumber, IsString, MaxLength } from 'class-validator';

export class SendTextDto {
  @IsPhoneNumber()
  readonly to!: string;

  @IsString()
  @IsNotEmpty()
  @MaxLength(160)
  readonly text!: string;
}
