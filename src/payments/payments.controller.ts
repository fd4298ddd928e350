import { Controller, UseFilters, UseInterceptors } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import { Mutates, Operation, type OperationContext, Sensitive } from 'nest-orchestrator';
import { AuditInterceptor } from './audit.interceptor.js';
import { ChargeCardDto } from './dto/charge-card.dto.js';
import { RefundDto } from './dto/refund.dto.js';
import { ScreenPaymentDto } from './dto/screen-payment.dto.js';
import { GatewayFilter } from './gateway.filter.js';
import { type Payment, PaymentsService, type Refund, type Screening } from './payments.service.js';

@Controller()
@UseInterceptors(AuditInterceptor)
@UseFilters(GatewayFilter)
export class PaymentsController {
  constructor(private readonly payments: PaymentsService) {}

  /** Judged anew each time: what passed a minute ago may not pass now. */
  @Operation('screen-payment', { cache: false })
  screen(@Payload() { total_cents, card_country, ship_to_country }: ScreenPaymentDto): Screening {
    return this.payments.screen(total_cents, card_country, ship_to_country);
  }

  /**
   * `card_number` is a secret: cookbooks hand it to this step and to no other. `signal` is aborted when the step's
   * `timeout_ms` has passed.
   */
  @Operation('charge-card')
  @Mutates('payment')
  @Sensitive('card_number')
  charge(@Payload() card: ChargeCardDto, @Ctx() { idempotencyKey, signal }: OperationContext): Promise<Payment> {
    return this.payments.charge(card, idempotencyKey, signal);
  }

  @Operation('refund')
  @Mutates<RefundDto>('payment', { id: 'payment_id' })
  refund(@Payload() { payment_id, amount_cents }: RefundDto, @Ctx() { idempotencyKey }: OperationContext): Refund {
    return this.payments.refund(payment_id, amount_cents, idempotencyKey);
  }
}
