import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, Get, type INestApplication, UseFilters } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { InvalidArgumentError, OrchestratorError } from 'nest-orchestrator';
import { AppModule } from '../../../src/app.module.js';
import type { Product } from '../../../src/catalog/catalog.service.js';
import { records } from '../../../src/data/records.js';
import { SCENARIOS } from '../../../src/demo/scenarios.js';
import { AuditTrail } from '../../../src/payments/audit.interceptor.js';
import { RunsFilter } from '../../../src/runs/runs.filter.js';
import { until } from '../../support/until.js';

let app: INestApplication;
let url: string;
beforeAll(async () => {
  app = await NestFactory.create(AppModule, { logger: false });
  await app.listen(0, '127.0.0.1');
  url = await app.getUrl();
});
afterAll(() => app.close());

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

async function ask(path: string, init?: RequestInit): Promise<Answer> {
  const response = await fetch(`${url}${path}`, init);
  return { status: response.status, body: await response.json() };
}

const post = (body: object): Promise<Answer> =>
  ask('/runs', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });

/** The demo's run of that cookbook, as a request. */
function request(name: string): { cookbook: string; input: object; tenant_id: string } {
  const scenario = SCENARIOS.find(({ cookbook }) => cookbook === name);
  if (scenario === undefined) throw new Error(`The demo has no ${name}.`);
  return { cookbook: name, input: scenario.input, tenant_id: scenario.tenantId };
}

async function started(body: object): Promise<{ workflow_id: string; links: { status: string; result: string } }> {
  const answer = await post(body);
  expect(answer.status).toBe(202);
  return answer.body as Awaited<ReturnType<typeof started>>;
}

describe('POST /runs', () => {
  it('starts a run, and says where its status and its result are', async () => {
    const { workflow_id, links } = await started(request('quote'));
    expect(links).toEqual({ status: `/runs/${workflow_id}`, result: `/runs/${workflow_id}/result` });
    expect(await ask(links.result)).toEqual({
      status: 200,
      body: expect.objectContaining({
        workflow_id,
        status: 'completed',
        output: expect.objectContaining({ customer_id: 'C-108' }),
      }),
    });
    expect(await ask(links.status)).toEqual({ status: 200, body: { workflow_id, status: 'completed', links } });
  });

  it('takes a document as well as a name', async () => {
    const input = { lines: [{ sku: 'mug-tide', quantity: 2 }] };
    const steps = [{ step_id: 'basket', type: 'task', service: 'catalog', operation: 'price-basket', input }];
    const { links } = await started({ cookbook: { version: '2.1.0', steps } });
    expect(await ask(links.result)).toMatchObject({ status: 200, body: { output: { lines: [{ name: 'Tide Mug' }] } } });
  });

  it('starts one run of two requests with one workflow_id', async () => {
    const named = { ...request('payment-retry'), workflow_id: 'charged-once' };
    const [first, second] = await Promise.all([started(named), started(named)]);
    expect(first).toEqual(second);
    expect((await ask(first.links.result)).status).toBe(200);
    const { entries } = app.get(AuditTrail, { strict: false });
    const charges = entries.filter(({ workflow_id }) => workflow_id === 'charged-once');
    expect(charges.map(({ attempt }) => attempt)).toEqual([1, 2, 3]);
  });

  it('answers 404 for a cookbook that nobody has, with the nearest name', async () => {
    expect(await post({ ...request('quote'), cookbook: 'qoute' })).toMatchObject({
      status: 404,
      body: { code: 'COOKBOOK_NOT_FOUND', message: expect.stringContaining('"quote"') },
    });
  });

  it('answers 400 with every problem of an input', async () => {
    const { status, body } = await post({ ...request('returns'), input: { order_id: 7, warehouse: 'moon' } });
    expect([status, body]).toMatchObject([400, { code: 'INPUT_INVALID' }]);
    const { problems } = body as { problems: { path: string }[] };
    expect(problems.length).toBeGreaterThanOrEqual(3);
  });

  it('answers 400 with every problem of a document, where it is and how to mend it', async () => {
    const steps = [
      { step_id: 'a', type: 'task', service: 'catalog', operation: 'price-baskets' },
      { step_id: 'a', type: 'fork_join', branches: {}, join: { strategy: 'fastest' } },
    ];
    const { status, body } = await post({ cookbook: { version: '2.1.0', steps } });
    expect([status, body]).toMatchObject([400, { code: 'COOKBOOK_INVALID' }]);
    const { problems } = body as { problems: { path: string; found: string; fix: string }[] };
    expect(problems.map(({ path }) => path)).toEqual(expect.arrayContaining(['steps[1].join.strategy']));
  });

  it('answers 400 for a document with a service that there is not', async () => {
    const steps = [{ step_id: 'a', type: 'task', service: 'catalogue', operation: 'price-basket' }];
    expect(await post({ cookbook: { version: '2.1.0', steps } })).toMatchObject({
      status: 400,
      body: { code: 'UNROUTABLE', message: expect.stringContaining('catalog') },
    });
  });

  it.each([
    ['no cookbook', { input: {} }],
    ['a cookbook that is a number', { cookbook: 7 }],
    ['a key it does not know', { cookbook: 'quote', tenant: 'alpine-living' }],
    ['an empty tenant', { cookbook: 'quote', tenant_id: '' }],
  ])('answers 400 to %s', async (_, body) => {
    expect((await post(body)).status).toBe(400);
  });
});

describe('GET /runs', () => {
  it('answers 404 for a run that nobody has taken up', async () => {
    expect(await ask('/runs/nobody')).toMatchObject({ status: 404, body: { code: 'RUN_UNKNOWN' } });
    const waited = await ask('/runs/nobody/result?timeout=99s'); // longer than this test may take
    expect(waited).toMatchObject({ status: 404, body: { code: 'RUN_UNKNOWN' } });
  });

  it('answers 409 with the failure for the result of a run that failed', async () => {
    const { links } = await started(request('fraud-rejected'));
    expect(await ask(links.result)).toMatchObject({
      status: 409,
      body: { code: 'WORKFLOW_FAILED', failure: { code: 'FRAUD_SUSPECTED', path: 'screening' } },
    });
    expect(await ask(links.status)).toMatchObject({ status: 200, body: { status: 'failed' } });
  });

  it('answers 410 for outputs that were too large to keep, and whose run has ended', async () => {
    const lines = Array.from(records<Product>('products', ({ sku }) => sku).keys(), (sku) => ({ sku, quantity: 1 }));
    const steps = Array.from({ length: 8 }, (_, i) => ({
      step_id: `basket_${i}`,
      type: 'task',
      service: 'catalog',
      operation: 'price-basket',
      input: { lines: '{{api_input.lines}}' },
    }));
    const { links } = await started({ cookbook: { version: '2.1.0', steps }, input: { lines } });
    await until(async () => ((await ask(links.status)).body as { status?: string }).status === 'completed');
    expect(await ask(links.result)).toMatchObject({
      status: 410,
      body: { code: 'RESULT_TRUNCATED', message: expect.stringContaining('workflow.completed') },
    });
  });

  it('answers 202 for a result that is still to come, and 200 when it has come', async () => {
    const { links } = await started(request('delayed-reminder'));
    expect(await ask(`${links.result}?timeout=0ms`)).toMatchObject({ status: 202, body: { code: 'RESULT_TIMEOUT' } });
    expect(await ask(links.status)).toMatchObject({ body: { status: 'running' } });
    expect(await ask(links.result)).toMatchObject({ status: 200 });
    expect((await ask(`${links.result}?timeout=soon`)).status).toBe(400);
  });
});

describe('the errors of the library', () => {
  class NewError extends OrchestratorError {
    readonly code = 'NEW';
  }

  @Controller()
  @UseFilters(RunsFilter)
  class Failing {
    @Get('argument')
    argument(): never {
      throw new InvalidArgumentError('The timeout is no duration.');
    }

    @Get('new')
    another(): never {
      throw new NewError('Nobody has heard of it.');
    }
  }

  it("are 400 for what is the caller's fault, and 500 when nothing is known of them, with their code", async () => {
    const failing = await NestFactory.create({ module: class {}, controllers: [Failing] }, { logger: false });
    await failing.listen(0, '127.0.0.1');
    try {
      const answers = ['argument', 'new'].map(async (path) => {
        const response = await fetch(`${await failing.getUrl()}/${path}`);
        return [response.status, await response.json()];
      });
      expect(await Promise.all(answers)).toMatchObject([
        [400, { code: 'ARGUMENT_INVALID', message: 'The timeout is no duration.' }],
        [500, { code: 'NEW' }],
      ]);
    } finally {
      await failing.close();
    }
  });
});

it('GET /runs/cookbooks lists them with what they take', async () => {
  const { body } = await ask('/runs/cookbooks');
  expect((body as { name: string }[]).map(({ name }) => name).sort()).toEqual(
    [...new Set(SCENARIOS.map(({ cookbook }) => cookbook))].sort(),
  );
  expect(body).toContainEqual(
    expect.objectContaining({ name: 'restock', input_schema: expect.objectContaining({ type: 'object' }) }),
  );
});

describe('GET /products/:sku', () => {
  it('is the handler of an operation, over HTTP', async () => {
    expect(await ask('/products/teapot-willow')).toMatchObject({ status: 200, body: { name: 'Willow Teapot' } });
    expect(await ask('/products/boat')).toMatchObject({ status: 404, body: { code: 'PRODUCT_UNKNOWN' } });
  });
});
