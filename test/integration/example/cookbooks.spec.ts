import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  type Failure,
  getOrchestratorToken,
  type WorkflowEvent,
  WorkflowFailedError,
  type WorkflowOrchestrator,
} from 'nest-orchestrator';
import { filter } from 'rxjs';
import { AppModule } from '../../../src/app.module.js';
import { CatalogService } from '../../../src/catalog/catalog.service.js';
import { Stock } from '../../../src/catalog/stock.js';
import { type Scenario, SCENARIOS } from '../../../src/demo/scenarios.js';
import { InvoicingService } from '../../../src/invoicing/invoicing.service.js';
import { Outbox } from '../../../src/notifications/outbox.js';
import { OrdersService } from '../../../src/orders/orders.service.js';
import { AuditTrail } from '../../../src/payments/audit.interceptor.js';
import { PaymentsService } from '../../../src/payments/payments.service.js';
import { PaymentGateway, TEST_CARDS } from '../../../src/payments/payment.gateway.js';
import { until } from '../../support/until.js';

let app: INestApplicationContext;
let orchestrator: WorkflowOrchestrator;
beforeEach(async () => {
  app = await NestFactory.createApplicationContext(AppModule, { logger: false });
  orchestrator = app.get(getOrchestratorToken('runs'), { strict: false });
});
afterEach(() => app.close());

function scenario(name: string): Scenario {
  const found = SCENARIOS.find(({ cookbook }) => cookbook === name);
  if (found === undefined) throw new Error(`The demo has no ${name}.`);
  return found;
}

/** Runs the demo's scenario of that cookbook, with another input or caller where given. */
async function run(name: string, change: { input?: object; tenantId?: string | undefined } = {}) {
  const { cookbook, input, tenantId } = { ...scenario(name), ...change };
  return orchestrator.run(cookbook, {
    input: { ...scenario(name).input, ...input },
    ...(tenantId === undefined ? {} : { tenantId }),
    timeout: '20s',
  });
}

/** Why that run failed. */
async function failureOf(name: string, change: Parameters<typeof run>[1] = {}): Promise<Failure> {
  try {
    await run(name, change);
  } catch (error) {
    if (error instanceof WorkflowFailedError) return error.failure;
    throw error;
  }
  throw new Error(`${name} did not fail.`);
}

/** How many steps at that path were ever at work at the same time. */
function mostAtOnce(path: RegExp): () => number {
  let now = 0;
  let most = 0;
  orchestrator.events$.pipe(filter((event) => path.test(event.path ?? ''))).subscribe(({ type }) => {
    if (type === 'step_started') now += 1;
    if (type === 'step_completed') now -= 1;
    most = Math.max(most, now);
  });
  return () => most;
}

describe('the demo', () => {
  it.each(SCENARIOS)('$cookbook ends as meant', async ({ cookbook, input, tenantId, failsWith }) => {
    if (failsWith === undefined) await run(cookbook, { input, tenantId });
    else expect(await failureOf(cookbook, { input, tenantId })).toMatchObject({ code: failsWith });
  });
});

describe('order-to-cash', () => {
  it('leaves an order that is paid and invoiced, its goods reserved, and two messages sent', async () => {
    const stock = app.get(Stock, { strict: false });
    const before = stock.level('mug-willow', 'main').on_hand;
    const { output, steps } = await run('order-to-cash');
    const { id, payment_id } = output as { id: string; payment_id: string };
    expect(app.get(OrdersService, { strict: false }).order('harbour-home', id)).toMatchObject({
      status: 'confirmed',
      payment_id,
    });
    expect(app.get(PaymentsService, { strict: false }).payment(payment_id).order_id).toBe(id);
    expect(stock.level('mug-willow', 'main').on_hand).toBe(before - 4);
    expect(Object.keys((steps['announce'] as { result: object }).result)).toEqual(['customer', 'warehouse']);
    const { messages } = app.get(Outbox, { strict: false });
    expect(messages.map(({ to }) => to).sort()).toEqual(['ada.almeida@example.com', 'main@warehouse.example.com']);
    expect(messages.find(({ subject }) => subject === `Your order ${id}`)?.text).toMatch(/We received €\d+\.\d\d; /);
  });

  it('ends at a declined card without a second attempt', async () => {
    const failure = await failureOf('order-to-cash', { input: { card_number: TEST_CARDS.declined } });
    expect(failure).toMatchObject({
      code: 'CARD_DECLINED',
      status: 402,
      type: 'BUSINESS',
      path: 'payment',
      attempts: 1,
    });
  });

  it("does not show one tenant what is another's: the guard and @Caller() act on steps", async () => {
    expect(await failureOf('order-to-cash', { tenantId: 'alpine-living' })).toMatchObject({
      code: 'NOT_FOUND',
      path: 'customer',
    });
    expect(await failureOf('order-to-cash', { tenantId: undefined })).toMatchObject({
      code: 'TENANT_REQUIRED',
      status: 403,
    });
  });

  it('checks what a step sends as what a client sends: the DTO and its pipe act on steps', async () => {
    const failure = await failureOf('order-to-cash', { input: { lines: [{ sku: 'mug-tide', quantity: 0 }] } });
    expect(failure).toMatchObject({ type: 'VALIDATION', path: 'basket', attempts: 1 });
    expect(failure.message).toContain('quantity must not be less than 1');
  });
});

it('restock fills every shelf it was asked to, and keeps the order of the shortages', async () => {
  const catalog = app.get(CatalogService, { strict: false });
  const short = catalog.shortages('main', 50).map(({ sku }) => sku);
  const { steps } = await run('restock');
  expect(catalog.shortages('main', 50).map(({ sku }) => sku)).toEqual(short.slice(6));
  const { iterations } = steps['offers'] as { iterations: { item: { sku: string } }[] };
  expect(iterations.map(({ item }) => item.sku)).toEqual(short.slice(0, 6));
});

it('restock asks three suppliers at a time, as its concurrency says, and buys at what they asked', async () => {
  const [asking, buying] = [mostAtOnce(/^offers\[/), mostAtOnce(/^each\[/)];
  const { steps } = await run('restock');
  expect([asking(), buying()]).toEqual([3, 1]);
  const { iterations } = steps['each'] as { iterations: { outputs: object; item: { outputs: { offer: object } } }[] };
  for (const { outputs, item } of iterations) expect(outputs).toMatchObject({ purchase: item.outputs.offer });
});

it('quote asks both carriers at once', async () => {
  const asking = mostAtOnce(/^freight\./);
  await run('quote');
  expect(asking()).toBe(2);
});

it('quote takes the discount of the tier, and the first carrier', async () => {
  const { output, steps } = await run('quote');
  const { total_cents } = (steps['facts'] as { results: { basket: { total_cents: number } } }).results.basket;
  expect(steps['goods']).toMatchObject({
    selectedCase: 'gold',
    result: { total_cents: Math.round(total_cents * 0.88) },
  });
  expect(steps['freight']).toMatchObject({ result: { carrier: 'post' }, branches: { courier: { days: 1 } } });
  expect(output).toMatchObject({ goods_cents: Math.round(total_cents * 0.88) });
});

it('returns gives back money, goods and books, each once', async () => {
  await run('returns');
  expect(app.get(PaymentsService, { strict: false }).payment('P-1009')).toMatchObject({ refunded_cents: 26_700 });
  expect(app.get(InvoicingService, { strict: false }).invoice('I-1009').status).toBe('credited');
  expect(app.get(OrdersService, { strict: false }).order('harbour-home', 'O-1009').status).toBe('returned');
  expect(await failureOf('returns')).toMatchObject({ code: 'REFUND_TOO_LARGE' });
});

it('payment-retry is tried three times and charged once; the interceptor saw each attempt', async () => {
  const { steps } = await run('payment-retry');
  expect(steps['payment']).toMatchObject({ amount_cents: 27_800, authorisation: 'AUTH-1' });
  const { entries } = app.get(AuditTrail, { strict: false });
  expect(entries.map(({ attempt, outcome }) => [attempt, outcome])).toEqual([
    [1, 'refused'],
    [2, 'refused'],
    [3, 'done'],
  ]);
});

it('payment-retry gives up an attempt that takes longer than its step allows: nothing is charged', async () => {
  const cookbook = structuredClone(orchestrator.cookbooks.get('payment-retry'));
  const [payment] = cookbook?.steps ?? [];
  const steps = [{ ...payment, timeout_ms: 1, retry: { max_attempts: 2, delay_ms: 1 } }];
  const { input, tenantId } = scenario('payment-retry');
  const charge = { amount_cents: 1, card_number: '4242424242424242', idempotency_key: 'later' };
  await expect(
    orchestrator.run({ ...cookbook, steps }, { input: { ...input, card_number: charge.card_number }, tenantId }),
  ).rejects.toMatchObject({
    failure: { code: 'OPERATION_TIMEOUT', path: 'payment', attempts: 2 },
  });
  const { entries } = app.get(AuditTrail, { strict: false });
  // What may charge is heard to its end, also when its time is up: the gateway heeded the signal.
  expect(entries.map(({ outcome }) => outcome)).toEqual(['refused', 'refused']);
  const gateway = app.get(PaymentGateway, { strict: false });
  expect(await gateway.charge(charge, new AbortController().signal)).toEqual({ authorisation: 'AUTH-1' });
});

it('delayed-reminder takes the case of an open invoice, and none for a paid one', async () => {
  expect((await run('delayed-reminder')).output).toMatchObject({
    selectedCase: 'open',
    result: { result: { channel: 'text' } },
  });
  const paid = await run('delayed-reminder', { input: { invoice_id: 'I-1009' } });
  expect(paid.output).toMatchObject({ value: 'paid', selectedCase: null, result: null });
});

it('delayed-reminder is refused by the schema in operations.json before the handler is asked', async () => {
  const failure = await failureOf('delayed-reminder', { input: { invoice_id: '1009' } });
  expect(failure).toMatchObject({ code: 'INPUT_INVALID', path: 'invoice', type: 'VALIDATION' });
});

it('fraud-rejected charges nothing, tells why, and pages whoever is on duty', async () => {
  const failed: WorkflowEvent[] = [];
  orchestrator.events$.subscribe((event) => {
    if (event.type === 'failed') failed.push(event);
  });
  const failure = await failureOf('fraud-rejected');
  expect(failure).toMatchObject({ type: 'BUSINESS', path: 'screening', attempts: 1, details: { score: 90 } });
  const { messages } = app.get(Outbox, { strict: false });
  await until(() => messages.length === 1);
  expect(messages[0]).toMatchObject({
    channel: 'pager',
    text: expect.stringMatching(/^Run .+ failed: FRAUD_SUSPECTED\.$/),
  });
  expect(failed).toHaveLength(1);
});
