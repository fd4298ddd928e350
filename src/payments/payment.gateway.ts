import { setTimeout } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { Counter } from '../data/counter.js';
import { table } from '../data/table.js';
import { Effects } from '../effects.js';
import { CardDeclinedError } from './card-declined.error.js';
import { GatewayUnavailableError } from './gateway-unavailable.error.js';

export interface Charge {
  readonly amount_cents: number;
  readonly card_number: string;
  /** The gateway charges once per key, as real ones do. */
  readonly idempotency_key: string;
}

export interface Authorisation {
  readonly authorisation: string;
}

/** The test cards, as payment providers have them. Every other card is charged at once. */
export const TEST_CARDS = {
  declined: '4000000000000002',
  /** Charged at the third try of a charge: twice before, nobody answers. */
  flaky: '4000000000000119',
} as const;

/** The gateway's own books, which outlive any process of ours: what was charged by key, and how often each was asked for. */
export const AUTHORISED = 'gateway-authorised';
export const TRIES = 'gateway-tries';

/** A payment provider somewhere else, simulated: it takes its time, declines, and sometimes does not answer. */
@Injectable()
export class PaymentGateway {
  private readonly authorised = new Effects<Authorisation>(AUTHORISED);
  private readonly tries = table<number>(TRIES);
  private readonly numbers = new Counter('gateway');

  /**
   * @param signal gives up: nobody waits for the answer any more
   * @throws CardDeclinedError, GatewayUnavailableError
   */
  async charge({ card_number, idempotency_key }: Charge, signal: AbortSignal): Promise<Authorisation> {
    await setTimeout(25, undefined, { signal });
    if (card_number === TEST_CARDS.declined) throw new CardDeclinedError('The bank declined the card.');
    const tries = (this.tries.get(idempotency_key) ?? 0) + 1;
    this.tries.set(idempotency_key, tries);
    if (card_number === TEST_CARDS.flaky && tries < 3) throw new GatewayUnavailableError('The gateway did not answer.');
    return this.authorised.once(idempotency_key, () => ({ authorisation: `AUTH-${this.numbers.next()}` }));
  }
}
