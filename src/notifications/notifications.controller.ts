import { Controller } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import { Mutates, Operation, type OperationContext } from 'nest-orchestrator';
import { SendEmailDto } from './dto/send-email.dto.js';
import { SendTextDto } from './dto/send-text.dto.js';
import { Outbox, type Receipt } from './outbox.js';

@Controller()
export class NotificationsController {
  constructor(private readonly outbox: Outbox) {}

  @Operation('send-email')
  @Mutates('message')
  sendEmail(
    @Payload() { to, subject, text }: SendEmailDto,
    @Ctx() { idempotencyKey }: OperationContext,
  ): Promise<Receipt> {
    return this.outbox.send({ channel: 'email', to, subject, text }, idempotencyKey);
  }

  @Operation('send-text')
  @Mutates('message')
  sendText(@Payload() { to, text }: SendTextDto, @Ctx() { idempotencyKey }: OperationContext): Promise<Receipt> {
    return this.outbox.send({ channel: 'text', to, text }, idempotencyKey);
  }
}
