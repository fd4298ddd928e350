import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { getOrchestratorToken, type WorkflowOrchestrator } from 'nest-orchestrator';
import { AppModule } from '../../../src/app.module.js';
import type { FailedRunDetails, FailedRunView } from '../../../src/runs/failed-run.views.js';
import { until } from '../../support/until.js';

let app: INestApplication;
let url: string;
beforeAll(async () => {
  app = await NestFactory.create(AppModule, { logger: false });
  await app.listen(0, '127.0.0.1');
  url = await app.getUrl();
});
afterAll(() => app.close());

interface Answer<Body = unknown> {
  readonly status: number;
  readonly body: Body;
}

async function ask<Body>(path: string, init?: RequestInit): Promise<Answer<Body>> {
  const response = await fetch(`${url}${path}`, init);
  return { status: response.status, body: (await response.json()) as Body };
}

const post = (path: string, body: unknown = {}): Promise<Answer> =>
  ask(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });

const CARD = '4242424242424242';
const input = {
  customer_id: 'C-108',
  lines: [{ sku: 'lantern-willow', quantity: 9 }],
  warehouse: 'north',
  card_number: CARD,
  card_country: 'IE',
};
const wait = { step_id: 'pause', type: 'wait', duration_ms: 1_000 };
const look = (sku: string): object => ({ step_id: 'look', type: 'task', service: 'catalog', operation: 'get-product', input: { sku } }); // prettier-ignore

async function start(body: object): Promise<string> {
  const { body: started } = (await post('/runs', body)) as Answer<{ workflow_id: string }>;
  return started.workflow_id;
}

const statusOf = async (id: string): Promise<string | undefined> =>
  (await ask<{ status?: string }>(`/runs/${id}`)).body.status;

/** A run that has failed at its reservation, in the list. */
async function failed(workflow_id: string): Promise<string> {
  await start({ cookbook: 'order-to-cash', tenant_id: 'alpine-living', workflow_id, input });
  await until(async () => (await ask(`/failed-runs/${workflow_id}`)).status === 200);
  return workflow_id;
}

async function listed(): Promise<readonly FailedRunView[]> {
  return (await ask<readonly FailedRunView[]>('/failed-runs')).body;
}

describe('GET /failed-runs', () => {
  it('lists what failed, where and why, and leaves out what the run holds', async () => {
    const id = await failed('listed');
    const run = (await listed()).find(({ workflow_id }) => workflow_id === id);
    expect(run).toEqual({
      workflow_id: id,
      tenant_id: 'alpine-living',
      cookbook: 'order-to-cash',
      status: 'failed',
      error: { code: 'OUT_OF_STOCK', message: 'Warehouse north is short of lantern-willow.', path: 'reservation', total_attempts: 1 }, // prettier-ignore
      links: { status: '/runs/listed', failure: '/failed-runs/listed', requeue: '/failed-runs/listed/requeue' },
    });
  });

  it('lists a message that names no run, too', async () => {
    const orchestrator = app.get<WorkflowOrchestrator>(getOrchestratorToken('runs'), { strict: false });
    await orchestrator.processWorkflowMessage('{ "cookbook": [');
    const run = (await listed()).find(({ workflow_id }) => workflow_id === null);
    expect(run).toMatchObject({ cookbook: null, error: { code: 'MESSAGE_INVALID', path: null }, links: null });
  });
});

describe('GET /failed-runs/:workflow_id', () => {
  it('shows the whole error and the steps it has reached; neither its card number nor any output', async () => {
    const id = await failed('shown');
    const { status, body } = await ask<FailedRunDetails>(`/failed-runs/${id}`);
    expect([status, body]).toMatchObject([
      200,
      {
        workflow_id: id,
        error: { type: 'BUSINESS', status_code: 409, details: { skus: ['lantern-willow'] }, step_id: 'reservation' },
        reached: ['customer', 'basket', 'screening', 'order', 'reservation'],
      },
    ]);
    expect(JSON.stringify([body, await listed()])).not.toMatch(new RegExp(`${CARD}|api_input|hana\\.almeida`));
  });

  it('answers 404 for a run that nobody knows, and for one that has not failed', async () => {
    expect(await ask('/failed-runs/nobody')).toMatchObject({ status: 404, body: { code: 'RUN_UNKNOWN' } });
    const id = await start({ cookbook: { version: '2.1.0', steps: [look('mug-tide')] } });
    await until(async () => (await statusOf(id)) === 'completed');
    expect(await ask(`/failed-runs/${id}`)).toMatchObject({
      status: 404,
      body: { code: 'RUN_NOT_FAILED', message: expect.stringContaining('completed') },
    });
  });
});

describe('POST /failed-runs/:workflow_id/requeue', () => {
  it('tries the run again with another input, and takes it off the list', async () => {
    const id = await failed('with-input');
    const fewer = { ...input, lines: [{ sku: 'lantern-willow', quantity: 1 }] };
    expect(await post(`/failed-runs/${id}/requeue`, { input: fewer, from: 'basket' })).toEqual({
      status: 202,
      body: { workflow_id: id, links: { status: `/runs/${id}`, result: `/runs/${id}/result` } },
    });
    await until(async () => (await statusOf(id)) === 'completed');
    expect(await listed()).not.toContainEqual(expect.objectContaining({ workflow_id: id }));
    const { body } = await ask<{ output: object }>(`/runs/${id}/result`);
    expect(body.output).toMatchObject({ status: 'confirmed', lines: [{ sku: 'lantern-willow', quantity: 1 }] });
  });

  it('takes no body for nothing to change', async () => {
    const id = await start({ cookbook: { version: '2.1.0', steps: [look('no-such-thing')] } });
    await until(async () => (await ask(`/failed-runs/${id}`)).status === 200);
    expect(await ask(`/failed-runs/${id}/requeue`, { method: 'POST' })).toMatchObject({ status: 202 });
    await until(async () => (await listed()).some(({ workflow_id }) => workflow_id === id));
  });

  it.each([
    ['from that is no text', { from: 7 }, undefined],
    ['from that is null', { from: null }, undefined],
    ['an empty from', { from: '' }, undefined],
    ['a key it does not know', { form: 'order' }, undefined],
    ['a body that is a list', [], undefined],
    ['a step that there is not', { from: 'reservations' }, 'ARGUMENT_INVALID'],
    ['a step that the run has not reached', { from: 'payment' }, 'ARGUMENT_INVALID'],
    ['an input that the cookbook refuses', { input: { ...input, warehouse: 'moon' } }, 'INPUT_INVALID'],
    ['an input that is null', { input: null }, 'INPUT_INVALID'],
  ])('answers 400 to %s, and keeps the run', async (what, changes, code) => {
    const id = await failed(`refused-${what.replaceAll(' ', '-')}`);
    const { status, body } = await post(`/failed-runs/${id}/requeue`, changes);
    expect({ status, code: (body as { code?: string }).code }).toEqual({ status: 400, code });
    expect((await ask(`/failed-runs/${id}`)).status).toBe(200);
  });

  it('answers 404 for a run that nobody knows, and 409 for one that has not failed', async () => {
    expect(await post('/failed-runs/nobody/requeue')).toMatchObject({ status: 404, body: { code: 'RUN_UNKNOWN' } });
    const id = await start({ cookbook: { version: '2.1.0', steps: [look('mug-tide')] } });
    await until(async () => (await statusOf(id)) === 'completed');
    expect(await post(`/failed-runs/${id}/requeue`)).toMatchObject({
      status: 409,
      body: { code: 'RUN_NOT_REQUEUABLE', message: expect.stringContaining('completed') },
    });
  });

  it('answers 400 with the pointers of the secrets that are missing, and goes on once they are given', async () => {
    const id = await failed('without-card');
    expect(await post(`/failed-runs/${id}/requeue`)).toMatchObject({ status: 400, body: { code: 'SENSITIVE_INPUT_REQUIRED', pointers: ['/api_input/card_number'] } }); // prettier-ignore
    expect(await post(`/failed-runs/${id}/requeue`, { input })).toMatchObject({ status: 202 });
  });
});

describe('POST /runs/:workflow_id/cancel', () => {
  it('ends a run before its next step; it is listed as cancelled, and can be requeued', async () => {
    const id = await start({ cookbook: { version: '2.1.0', steps: [look('mug-tide'), wait, { ...look('mug-tide'), step_id: 'after' }] } }); // prettier-ignore
    await until(async () => (await statusOf(id)) === 'running');
    expect(await post(`/runs/${id}/cancel`)).toMatchObject({ status: 202, body: { workflow_id: id, status: 'cancelling' } }); // prettier-ignore
    await until(async () => (await ask(`/failed-runs/${id}`)).status === 200);
    expect(await ask(`/failed-runs/${id}`)).toMatchObject({ body: { status: 'cancelled', error: { code: 'RUN_CANCELLED' } } }); // prettier-ignore
    expect(await post(`/runs/${id}/cancel`)).toMatchObject({ status: 202, body: { status: 'cancelled' } });
    expect(await ask(`/runs/${id}/result`)).toMatchObject({ status: 409, body: { code: 'WORKFLOW_FAILED' } });
    expect((await post(`/failed-runs/${id}/requeue`)).status).toBe(202);
    await until(async () => (await statusOf(id)) === 'completed');
  });

  it('answers 404 for a run that nobody knows, and 409 for one that has ended', async () => {
    expect(await post('/runs/nobody/cancel')).toMatchObject({ status: 404, body: { code: 'RUN_UNKNOWN' } });
    const id = await failed('ended');
    expect(await post(`/runs/${id}/cancel`)).toMatchObject({ status: 409, body: { code: 'RUN_ENDED' } });
  });
});
