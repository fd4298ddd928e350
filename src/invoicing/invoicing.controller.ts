import { Controller } from '@nestjs/common';
import { Ctx, MessagePattern, Payload } from '@nestjs/microservices';
import type { OperationContext } from 'nest-orchestrator';
import { type CreditNote, type Invoice, InvoicingService } from './invoicing.service.js';

interface InvoiceInput {
  readonly order_id: string;
  readonly customer_id: string;
  readonly total_cents: number;
  readonly paid?: boolean;
}

interface CreditInput {
  readonly invoice_id: string;
  readonly reason: string;
}

/**
 * Plain message handlers, as a service has them before it knows of workflows. `operations.json` beside this file makes
 * operations of them, and its JSON Schemas check their inputs and outputs: nothing here had to change.
 */
@Controller()
export class InvoicingController {
  constructor(private readonly invoicing: InvoicingService) {}

  @MessagePattern('create-invoice')
  create(@Payload() { paid = false, ...order }: InvoiceInput, @Ctx() { idempotencyKey }: OperationContext): Invoice {
    return this.invoicing.create(order, paid, idempotencyKey);
  }

  @MessagePattern('get-invoice')
  get(@Payload('invoice_id') id: string): Invoice {
    return this.invoicing.invoice(id);
  }

  @MessagePattern('credit-invoice')
  credit(@Payload() { invoice_id, reason }: CreditInput, @Ctx() { idempotencyKey }: OperationContext): CreditNote {
    return this.invoicing.credit(invoice_id, reason, idempotencyKey);
  }
}
