import { ConflictException, ForbiddenException, Injectable, NotFoundException } from '@nestjs/common';
import { Counter } from '../data/counter.js';
import { records } from '../data/records.js';
import { Effects } from '../effects.js';
import { type Charge, PaymentGateway } from './payment.gateway.js';

export interface Payment {
  readonly id: string;
  readonly order_id: string;
  readonly amount_cents: number;
  readonly refunded_cents: number;
  readonly authorisation?: string;
}

/** What is to be charged, and for which order. */
export type Charging = Pick<Payment, 'order_id'> & Omit<Charge, 'idempotency_key'>;

export interface Refund {
  readonly refund_id: string;
  readonly payment_id: string;
  readonly refunded_cents: number;
}

export interface Screening {
  /** 0 to 100; what reaches `REFUSED_FROM` is refused. */
  readonly score: number;
  readonly reasons: readonly string[];
}

const REFUSED_FROM = 80;
const LARGE_CENTS = 100_000;

@Injectable()
export class PaymentsService {
  private readonly payments = records<Payment>('payments', ({ id }) => id);
  private readonly charged = new Effects<Payment>('charged');
  private readonly refunded = new Effects<Refund>('refunds');
  private readonly numbers = new Counter('payments', 2_000);

  constructor(private readonly gateway: PaymentGateway) {}

  /** @throws ForbiddenException FRAUD_SUSPECTED, with the score and its reasons */
  screen(total_cents: number, card_country: string, ship_to_country: string): Screening {
    const rules: [boolean, number, string][] = [
      [total_cents > LARGE_CENTS, 40, 'a large amount'],
      [card_country !== ship_to_country, 50, `a card from ${card_country} for a parcel to ${ship_to_country}`],
    ];
    const met = rules.filter(([applies]) => applies);
    const score = met.reduce((sum, [, points]) => sum + points, 0);
    const reasons = met.map(([, , reason]) => reason);
    if (score < REFUSED_FROM) return { score, reasons };
    throw new ForbiddenException({
      code: 'FRAUD_SUSPECTED',
      message: `Refused with ${score} of 100 points: ${reasons.join(', ')}.`,
      details: { score, reasons },
    });
  }

  /**
   * Charges once per key, however often the step is tried: the key goes on to the gateway, so an answer that was lost on
   * the way is asked for again, not the money.
   */
  async charge({ order_id, ...card }: Charging, key: string, signal: AbortSignal): Promise<Payment> {
    const { authorisation } = await this.gateway.charge({ ...card, idempotency_key: key }, signal);
    const { amount_cents } = card;
    return this.charged.once(key, () => {
      const id = this.next('P');
      return this.save({ id, order_id, amount_cents, refunded_cents: 0, authorisation });
    });
  }

  refund(payment_id: string, amount_cents: number, key: string): Refund {
    return this.refunded.once(key, () => {
      const payment = this.payment(payment_id);
      const refunded_cents = payment.refunded_cents + amount_cents;
      if (refunded_cents > payment.amount_cents) {
        throw new ConflictException({ code: 'REFUND_TOO_LARGE', message: `${payment_id} has not that much left.` });
      }
      this.save({ ...payment, refunded_cents });
      return { refund_id: this.next('RF'), payment_id, refunded_cents: amount_cents };
    });
  }

  payment(id: string): Payment {
    const payment = this.payments.get(id);
    if (payment !== undefined) return payment;
    throw new NotFoundException({ code: 'PAYMENT_UNKNOWN', message: `There is no payment ${id}.` });
  }

  private save(payment: Payment): Payment {
    this.payments.set(payment.id, payment);
    return payment;
  }

  private next(prefix: string): string {
    return `${prefix}-${this.numbers.next()}`;
  }
}
