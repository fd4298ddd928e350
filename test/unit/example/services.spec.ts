import { describe, expect, it } from '@jest/globals';
import { ConflictException, ForbiddenException, HttpException, NotFoundException } from '@nestjs/common';
import { CatalogService } from '../../../src/catalog/catalog.service.js';
import { Stock } from '../../../src/catalog/stock.js';
import { Effects } from '../../../src/effects.js';
import { InvoicingService } from '../../../src/invoicing/invoicing.service.js';
import { money } from '../../../src/money.js';
import { Outbox } from '../../../src/notifications/outbox.js';
import { DeliveryService } from '../../../src/orders/delivery.service.js';
import { OrdersService } from '../../../src/orders/orders.service.js';
import { CardDeclinedError } from '../../../src/payments/card-declined.error.js';
import { GatewayFilter } from '../../../src/payments/gateway.filter.js';
import { GatewayUnavailableError } from '../../../src/payments/gateway-unavailable.error.js';
import { PaymentGateway, TEST_CARDS } from '../../../src/payments/payment.gateway.js';
import { PaymentsService } from '../../../src/payments/payments.service.js';

/** What `act` throws, as a response would tell it. */
function refusal(act: () => unknown): object {
  try {
    act();
  } catch (error) {
    if (error instanceof HttpException) return Object(error.getResponse()) as object;
    throw error;
  }
  throw new Error('It refused nothing.');
}

describe('effects', () => {
  it('happen once per key', () => {
    const effects = new Effects<{ readonly n: number }>();
    let n = 0;
    const act = (): { n: number } => ({ n: ++n });
    expect([effects.once('a', act), effects.once('a', act), effects.once('b', act)]).toEqual([
      { n: 1 },
      { n: 1 },
      { n: 2 },
    ]);
  });

  it('have not happened when they threw, so the next try may succeed', () => {
    const effects = new Effects<{ readonly n: number }>();
    const fail = (): never => {
      throw new Error('not yet');
    };
    expect(() => effects.once('a', fail)).toThrow('not yet');
    expect(effects.once('a', () => ({ n: 1 }))).toEqual({ n: 1 });
  });
});

describe('the stock', () => {
  const lines = [
    { sku: 'teapot-willow', quantity: 2 },
    { sku: 'mug-willow', quantity: 1 },
  ];

  it('is taken once per key, from every line', () => {
    const stock = new Stock();
    const onHand = (): number[] => lines.map(({ sku }) => stock.level(sku, 'main').on_hand);
    const [teapots = 0, mugs = 0] = onHand();
    expect(stock.reserve(lines, 'main', 'k')).toEqual(stock.reserve(lines, 'main', 'k'));
    expect(onHand()).toEqual([teapots - 2, mugs - 1]);
  });

  it('is left alone when one line cannot be had', () => {
    const stock = new Stock();
    const before = stock.level('teapot-willow', 'main');
    const tooMuch = [...lines, { sku: 'shelf-tide', quantity: 1_000 }];
    expect(() => stock.reserve(tooMuch, 'main', 'k')).toThrow(ConflictException);
    expect(refusal(() => stock.reserve(tooMuch, 'main', 'k'))).toMatchObject({
      code: 'OUT_OF_STOCK',
      details: { skus: ['shelf-tide'] },
    });
    expect(stock.level('teapot-willow', 'main')).toEqual(before);
  });

  it('is no longer short once what it asked for has arrived', () => {
    const stock = new Stock();
    const catalog = new CatalogService(stock);
    const shortages = catalog.shortages('main', 50);
    expect(shortages.length).toBeGreaterThan(5);
    for (const shortage of shortages) stock.receive(shortage, 'main', shortage.sku);
    expect(catalog.shortages('main', 50)).toEqual([]);
  });
});

describe('the catalog', () => {
  const catalog = new CatalogService(new Stock());

  it('prices a basket by its products', () => {
    const teapot = catalog.product('teapot-willow');
    const { total_cents, lines } = catalog.price([{ sku: teapot.sku, quantity: 3 }]);
    expect(total_cents).toBe(3 * teapot.price_cents);
    expect(lines).toEqual([{ sku: teapot.sku, name: 'Willow Teapot', quantity: 3, price_cents: teapot.price_cents }]);
  });

  it('asks twice the freight abroad', async () => {
    const lines = [{ sku: 'mug-tide', quantity: 2 }];
    const [home, abroad] = await Promise.all(['IE', 'DE'].map((country) => catalog.freight(lines, 'post', country)));
    expect(abroad?.freight_cents).toBe(2 * (home?.freight_cents ?? 0));
  });

  it("buys from the product's supplier, below the price it sells at", async () => {
    const { sku, supplier, price_cents } = catalog.product('teapot-willow');
    const offer = await catalog.offer({ sku, quantity: 3 });
    expect(offer).toMatchObject({ sku, supplier, quantity: 3 });
    expect(offer.unit_cents).toBeLessThan(price_cents);
  });

  it('sells at the price that was set last, and at none below nothing', () => {
    const own = new CatalogService(new Stock());
    expect(own.changePrice('teapot-willow', 4_200)).toMatchObject({ sku: 'teapot-willow', price_cents: 4_200 });
    expect(own.price([{ sku: 'teapot-willow', quantity: 2 }]).total_cents).toBe(8_400);
    expect(refusal(() => own.changePrice('teapot-willow', -1))).toMatchObject({ code: 'PRICE_INVALID' });
    expect(refusal(() => own.changePrice('boat', 1))).toMatchObject({ code: 'PRODUCT_UNKNOWN' });
    expect(own.product('teapot-willow').price_cents).toBe(4_200);
  });

  it('does not know what it does not sell', () => {
    expect(refusal(() => catalog.product('boat'))).toMatchObject({ code: 'PRODUCT_UNKNOWN' });
  });
});

describe('orders', () => {
  it('exist for their own tenant only', () => {
    const orders = new OrdersService();
    expect(orders.order('harbour-home', 'O-1009')).toMatchObject({ customer_id: 'C-101' });
    expect(() => orders.order('alpine-living', 'O-1009')).toThrow(NotFoundException);
    expect(() => orders.order(undefined, 'O-1009')).toThrow(NotFoundException);
    expect(() => orders.change('alpine-living', 'O-1009', { status: 'returned' })).toThrow(NotFoundException);
  });

  it("are placed once per key, for the customer's tenant", () => {
    const orders = new OrdersService();
    const basket = { customer_id: 'C-101', lines: [], total_cents: 100 };
    const placed = orders.place('harbour-home', basket, 'k');
    expect(orders.place('harbour-home', basket, 'k')).toBe(placed);
    expect(orders.place('harbour-home', basket, 'other').id).not.toBe(placed.id);
    expect(() => orders.place('alpine-living', basket, 'k')).toThrow(NotFoundException);
  });
});

describe('deliveries', () => {
  it('are promised from the shelf where it holds enough, else from the supplier', () => {
    const stock = new Stock();
    const deliveries = new DeliveryService(stock);
    const { on_hand } = stock.level('mug-willow', 'main');
    const promise = (quantity: number): object => deliveries.promise({ sku: 'mug-willow', quantity }, 'main');
    expect(promise(on_hand)).toMatchObject({ from_stock: true, days: 2 });
    expect(promise(on_hand + 1)).toEqual({ sku: 'mug-willow', quantity: on_hand + 1, from_stock: false, days: 14 });
  });
});

describe('payments', () => {
  const patient = new AbortController().signal;

  it('are charged once per key, though the gateway did not answer at first', async () => {
    const payments = new PaymentsService(new PaymentGateway());
    const charging = { order_id: 'O-1', amount_cents: 100, card_number: TEST_CARDS.flaky };
    const charge = (key: string): Promise<unknown> => payments.charge(charging, key, patient);
    await expect(charge('k')).rejects.toThrow(GatewayUnavailableError);
    await expect(charge('k')).rejects.toThrow(GatewayUnavailableError);
    const payment = await charge('k');
    expect(payment).toMatchObject({ order_id: 'O-1', amount_cents: 100, authorisation: 'AUTH-1' });
    expect(await charge('k')).toBe(payment);
    await expect(charge('another')).rejects.toThrow(GatewayUnavailableError);
  });

  it('are not charged once nobody waits for the answer, and are charged when they are tried again', async () => {
    const gateway = new PaymentGateway();
    const charge = { amount_cents: 1, card_number: '4242424242424242', idempotency_key: 'k' };
    await expect(gateway.charge(charge, AbortSignal.abort())).rejects.toThrow(/aborted/);
    expect(await gateway.charge(charge, patient)).toEqual({ authorisation: 'AUTH-1' });
  });

  it('tell a run what an error of the gateway means: try again, or end', async () => {
    const filter = new GatewayFilter();
    const gateway = new PaymentGateway();
    const declined = gateway.charge(
      { amount_cents: 1, card_number: TEST_CARDS.declined, idempotency_key: 'k' },
      patient,
    );
    await expect(declined).rejects.toThrow(CardDeclinedError);
    expect(() => filter.catch(new CardDeclinedError('no'))).toThrow(expect.objectContaining({ status: 402 }));
    expect(() => filter.catch(new GatewayUnavailableError('?'))).toThrow(expect.objectContaining({ status: 503 }));
  });

  it('pass the screening unless two rules speak against them', () => {
    const payments = new PaymentsService(new PaymentGateway());
    expect(payments.screen(100, 'IE', 'IE')).toEqual({ score: 0, reasons: [] });
    expect(payments.screen(100, 'NZ', 'IE')).toMatchObject({ score: 50 });
    expect(() => payments.screen(500_000, 'NZ', 'IE')).toThrow(ForbiddenException);
    expect(refusal(() => payments.screen(500_000, 'NZ', 'IE'))).toMatchObject({
      code: 'FRAUD_SUSPECTED',
      details: { score: 90 },
    });
  });

  it('are refunded once per key, and never beyond what was paid', () => {
    const payments = new PaymentsService(new PaymentGateway());
    const { amount_cents } = payments.payment('P-1009');
    const refund = payments.refund('P-1009', amount_cents, 'k');
    expect(payments.refund('P-1009', amount_cents, 'k')).toBe(refund);
    expect(payments.payment('P-1009').refunded_cents).toBe(amount_cents);
    expect(refusal(() => payments.refund('P-1009', 1, 'another'))).toMatchObject({ code: 'REFUND_TOO_LARGE' });
  });
});

describe('invoices', () => {
  it('are due in 30 days, and are created and credited once per key', () => {
    const invoicing = new InvoicingService();
    const order = { order_id: 'O-1', customer_id: 'C-101', total_cents: 100 };
    const invoice = invoicing.create(order, false, 'k');
    expect(invoicing.create(order, false, 'k')).toBe(invoice);
    expect(Date.parse(invoice.due_on)).toBeGreaterThan(Date.now());
    const note = invoicing.credit(invoice.id, 'broken', 'c');
    expect(invoicing.credit(invoice.id, 'broken', 'c')).toBe(note);
    expect(invoicing.invoice(invoice.id).status).toBe('credited');
  });
});

describe('the outbox', () => {
  it('sends once per key', async () => {
    const outbox = new Outbox();
    const message = { channel: 'email', to: 'ada@example.com', subject: 'Hello', text: 'Ada' } as const;
    const receipts = await Promise.all([outbox.send(message, 'k'), outbox.send(message, 'k')]);
    expect(receipts).toEqual([receipts[0], receipts[0]]);
    expect(outbox.messages).toEqual([message]);
  });
});

describe('money', () => {
  it('is written as people write it', () => {
    expect([money(0), money(5), money(123_450)]).toEqual(['€0.00', '€0.05', '€1,234.50']);
  });
});
