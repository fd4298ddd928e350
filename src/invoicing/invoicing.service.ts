import { Injectable, NotFoundException } from '@nestjs/common';
import { Counter } from '../data/counter.js';
import { records } from '../data/records.js';
import { Effects } from '../effects.js';

export interface Invoice {
  readonly id: string;
  readonly order_id: string;
  readonly customer_id: string;
  readonly total_cents: number;
  /** A calendar day. */
  readonly due_on: string;
  readonly status: 'open' | 'paid' | 'credited';
}

export interface CreditNote {
  readonly credit_note_id: string;
  readonly invoice_id: string;
  readonly credited_cents: number;
  readonly reason: string;
}

const DAYS_TO_PAY = 30;
const DAY = 24 * 60 * 60 * 1_000;

@Injectable()
export class InvoicingService {
  private readonly invoices = records<Invoice>('invoices', ({ id }) => id);
  private readonly created = new Effects<Invoice>('created-invoices');
  private readonly credited = new Effects<CreditNote>('credit-notes');
  private readonly numbers = new Counter('invoicing', 2_000);

  invoice(id: string): Invoice {
    const invoice = this.invoices.get(id);
    if (invoice !== undefined) return invoice;
    throw new NotFoundException({ code: 'INVOICE_UNKNOWN', message: `There is no invoice ${id}.` });
  }

  create(order: Pick<Invoice, 'order_id' | 'customer_id' | 'total_cents'>, paid: boolean, key: string): Invoice {
    return this.created.once(key, () => {
      const due_on = new Date(Date.now() + DAYS_TO_PAY * DAY).toISOString().slice(0, 10);
      return this.save({ id: this.next('I'), ...order, due_on, status: paid ? 'paid' : 'open' });
    });
  }

  credit(invoice_id: string, reason: string, key: string): CreditNote {
    return this.credited.once(key, () => {
      const invoice = this.invoice(invoice_id);
      this.save({ ...invoice, status: 'credited' });
      return { credit_note_id: this.next('CN'), invoice_id, credited_cents: invoice.total_cents, reason };
    });
  }

  private save(invoice: Invoice): Invoice {
    this.invoices.set(invoice.id, invoice);
    return invoice;
  }

  private next(prefix: string): string {
    return `${prefix}-${this.numbers.next()}`;
  }
}
