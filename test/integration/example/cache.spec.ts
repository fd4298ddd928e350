import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { getStepCacheToken, type StepCache } from 'nest-orchestrator';
import { AppModule } from '../../../src/app.module.js';
import { CatalogService } from '../../../src/catalog/catalog.service.js';
import { Stock } from '../../../src/catalog/stock.js';
import { attemptsOf } from '../../../src/demo/attempts.js';
import { play } from '../../../src/demo/play.js';
import { ask } from '../../../src/demo/request.js';
import { type Scenario, SCENARIOS } from '../../../src/demo/scenarios.js';
import { type Stage, stageOf } from '../../../src/demo/stage.js';
import type { RunReport } from '../../../src/demo/timeline.js';

let app: INestApplication;
let stage: Stage;
beforeEach(async () => {
  app = await NestFactory.create(AppModule, { logger: false });
  await app.init();
  stage = stageOf(app);
});
afterEach(() => app.close());

const scenarios = (name: string): readonly Scenario[] => SCENARIOS.filter(({ cookbook }) => cookbook === name);

/** Plays a scenario as the demo does, what comes before it over HTTP included. */
async function played(scenario: Scenario | undefined): Promise<RunReport> {
  if (scenario === undefined) throw new Error('The demo has no such scenario.');
  if (scenario.request !== undefined) await ask(scenario.request, app, stage);
  const report = await play(scenario, stage, () => undefined);
  expect(report.asMeant).toBe(true);
  return report;
}

/** Of each step how the cache answered it, or what it purged. */
const cached = ({ events }: RunReport): Readonly<Record<string, unknown>> =>
  Object.fromEntries(attemptsOf(events).map(({ path, cache, purged }) => [path, purged.length > 0 ? purged : cache]));

const outputOf = ({ ending }: RunReport): unknown => (ending.kind === 'completed' ? ending.output : ending.failure);

describe('the demo', () => {
  it('credits one invoice and reads it anew, while the other comes from the cache', async () => {
    const report = await played(scenarios('disputed-invoice')[0]);
    expect(cached(report)).toEqual({
      'before[0].look': 'miss',
      'before[1].look': 'miss',
      credit: ['invoice I-1024'],
      'after[0].look_again': 'miss',
      'after[1].look_again': 'hit',
    });
    expect(outputOf(report)).toMatchObject({
      iterations: [
        { outputs: { look_again: { id: 'I-1024', status: 'credited' } } },
        { outputs: { look_again: { id: 'I-1054', status: 'open' } } },
      ],
    });
  });

  it('promises another day of delivery once the catalogue, another service, has more on its shelves', async () => {
    const report = await played(scenarios('delivery-promise')[0]);
    expect(cached(report)).toEqual({
      promise: 'miss',
      same_promise: 'hit',
      arrival: ['stock towel-solstice'],
      better_promise: 'miss',
    });
    expect(outputOf(report)).toMatchObject({ from_stock: true, days: 2 });
  });

  it('quotes at the price that was changed over HTTP meanwhile, and asks the carriers only once', async () => {
    const [before, after] = scenarios('quote');
    const first = await played(before);
    expect(cached(first)).toMatchObject({ 'facts.customer': 'miss', 'facts.basket': 'miss' });
    const second = await played(after);
    expect(cached(second)).toEqual({
      'facts.customer': 'hit',
      'facts.basket': 'miss',
      'goods.gold_price': 'bypass',
      'freight.post.by_post': 'hit',
      'freight.courier.by_courier': 'hit',
      quote: ['quote'],
    });
    const goods = [first, second].map((report) => (outputOf(report) as { goods_cents: number }).goods_cents);
    expect(goods).toEqual([12_936, 12_936 + Math.round(3 * 200 * 0.88)]);
  });

  it('shares no order between two persons, and nothing at all between two tenants', async () => {
    const [ada, ben, stranger] = scenarios('order-status');
    expect(cached(await played(ada))).toEqual({ order: 'miss', customer: 'miss' });
    expect(cached(await played(ada))).toEqual({ order: 'hit', customer: 'hit' });
    expect(cached(await played(ben))).toEqual({ order: 'miss', customer: 'hit' });
    expect(stranger).toMatchObject({ input: ada?.input, personId: ada?.personId });
    const report = await played(stranger);
    expect(cached(report)).toEqual({ order: 'miss' });
    expect(outputOf(report)).toMatchObject({ code: 'NOT_FOUND' });
  });

  it('listens only while it asks, says what that purged, and fails where it is refused', async () => {
    const request = scenarios('quote').flatMap(({ request: each }) => each ?? [])[0];
    if (request === undefined) throw new Error('The demo asks for nothing over HTTP.');
    expect(await ask(request, app, stage)).toMatchObject({ status: 200, purged: ['product planter-meadow'] });
    expect((app.getHttpServer() as { listening: boolean }).listening).toBe(false);
    await expect(ask({ ...request, body: { price_cents: 'many' } }, app, stage)).rejects.toThrow(
      'PUT /products/planter-meadow/price was refused with 400',
    );
    expect((app.getHttpServer() as { listening: boolean }).listening).toBe(false);
  });
});

describe('what all tenants share', () => {
  const shortages = (tenantId: string) =>
    stage.orchestrator.run(
      {
        version: '2.1.0',
        steps: [task('catalog', 'find-shortages', { warehouse: 'north', limit: 1 })],
      },
      { tenantId },
    );

  it('is read once for all, and read anew by all of them once one has changed it', async () => {
    const [short] = app.get(CatalogService, { strict: false }).shortages('north', 1);
    const before = await shortages('harbour-home');
    expect(before.output).toMatchObject([{ sku: short?.sku }]);
    const arrival = { sku: short?.sku, quantity: 50, warehouse: 'north' };
    await stage.orchestrator.run(
      { version: '2.1.0', steps: [task('catalog', 'receive-stock', arrival)] },
      { tenantId: 'alpine-living' },
    );
    expect(app.get(Stock, { strict: false }).level(String(short?.sku), 'north').on_hand).toBeGreaterThan(49);
    expect((await shortages('harbour-home')).output).not.toMatchObject([{ sku: short?.sku }]);
  });
});

describe('over HTTP', () => {
  let url: string;
  beforeEach(async () => {
    await app.listen(0, '127.0.0.1');
    url = await app.getUrl();
  });

  const get = async (
    path: string,
    headers: Record<string, string> = {},
  ): Promise<{ status: number; body: unknown }> => {
    const response = await fetch(`${url}${path}`, { headers });
    return { status: response.status, body: await response.json() };
  };

  it("GET /orders/:order_id answers a tenant's own orders only, however often another has asked", async () => {
    const order = { status: 200, body: { id: 'O-1012', tenant_id: 'harbour-home' } };
    for (const person of ['ada', 'ada', 'ben'])
      expect(await get('/orders/O-1012', { 'x-tenant': 'harbour-home', 'x-person': person })).toMatchObject(order);
    expect(await get('/orders/O-1012', { 'x-tenant': 'alpine-living', 'x-person': 'ada' })).toMatchObject({
      status: 404,
      body: { code: 'NOT_FOUND' },
    });
    for (const nobody of [{}, { 'x-tenant': '' }])
      expect(await get('/orders/O-1012', nobody)).toMatchObject({ status: 403, body: { code: 'TENANT_REQUIRED' } });
    const cache = app.get<StepCache>(getStepCacheToken('orders'), { strict: false });
    expect(cache.counters()['get-order']).toMatchObject({ hit: 1, miss: 3 });
  });

  it('GET /products/:sku tells the price that a run has changed', async () => {
    expect(await get('/products/mug-tide')).not.toMatchObject({ body: { price_cents: 77 } });
    const step = task('catalog', 'change-price', { sku: 'mug-tide', price_cents: 77 });
    await stage.orchestrator.run({ version: '2.1.0', steps: [step] }, { tenantId: 'harbour-home' });
    expect(await get('/products/mug-tide')).toMatchObject({ status: 200, body: { price_cents: 77 } });
  });
});

const task = (service: string, operation: string, input: object): object => ({
  step_id: 'step',
  type: 'task',
  service,
  operation,
  input,
});
