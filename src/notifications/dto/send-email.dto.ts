import { IsEmail, IsNotEmpty, IsString } from 'class-validator';

export class SendEmailDto {
  @IsEmail()
  readonly to!: string;

  @IsString()
  @IsNotEmpty()
  readonly subject!: string;

  @IsString()
  @IsNotEmpty()
  readonly text!: string;
}
