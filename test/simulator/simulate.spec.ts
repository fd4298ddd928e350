import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import type { OperationContext } from 'nest-orchestrator';
import { serviceOf, simulate } from 'nest-orchestrator/testing';

const COOKBOOK = {
  version: '2.1.0',
  name: 'order',
  steps: [
    { step_id: 'price', type: 'task', service: 'orders', operation: 'price', input: { sku: '{{api_input.sku}}' } },
    {
      step_id: 'charge',
      type: 'task',
      service: 'payments',
      operation: 'charge',
      input: { cents: '{{steps.price.output.cents}}' },
    },
    {
      step_id: 'confirm',
      type: 'task',
      service: 'orders',
      operation: 'confirm',
      input: { charge: '{{steps.charge.output.id}}' },
    },
  ],
};

/** A shop whose gateway heeds the idempotency key, or does not. */
function shop({ heeds = true, waits = false } = {}) {
  const charges = new Map<string, number>();
  let extra = 0;
  const charge = async ({ cents }: { cents: number }, { idempotencyKey }: OperationContext): Promise<object> => {
    if (waits) await turn();
    const key = heeds ? idempotencyKey : `${idempotencyKey}/${(extra += 1)}`;
    charges.set(key, cents);
    return { id: idempotencyKey };
  };
  const orders = serviceOf('orders', {
    reads: { price: ({ sku }: { sku: string }) => ({ sku, cents: 100 }) },
    mutates: { confirm: (input: unknown) => ({ confirmed: input }) },
  });
  const payments = serviceOf('payments', { mutates: { charge } });
  return {
    imports: [orders, payments],
    cookbook: COOKBOOK,
    input: { sku: 'a-1' },
    reset: () => {
      charges.clear();
      extra = 0;
    },
    effects: () => [...charges.values()],
  };
}

describe('simulate', () => {
  it('finds nothing wrong with a cookbook whose handlers heed the idempotency key', async () => {
    const report = await simulate({ ...shop(), runs: 100, faults: { crash: 2, stall: 1, double: 0.3, reorder: true } });
    expect(report).toMatchObject({ runs: 100, seed: 1, failures: [] });
    expect(report.faults).toBeGreaterThan(50);
  }, 30_000);

  it('finds a handler that charges twice when its outcome was lost, and says which seed shows it', async () => {
    const report = await simulate({ ...shop({ heeds: false }), faults: { crash: 2 }, seed: 7 });
    const [failure] = report.failures;
    expect(failure?.text).toContain('effects outside: [100,100]');
    expect(failure?.trace.join('\n')).toContain('payments.charge charge#1');
    const seed = failure?.seed ?? 0;
    const again = await simulate({ ...shop({ heeds: false }), faults: { crash: 2 }, seed, runs: 1 });
    expect(again.failures.map(({ differences }) => differences)).toEqual([failure?.differences]);
  }, 30_000);

  it('waits for handlers that wait for something outside', async () => {
    const report = await simulate({ ...shop({ waits: true }), runs: 20, faults: { crash: 1 } });
    expect(report.failures).toEqual([]);
  }, 30_000);

  it('finds handlers that answer something else when they are asked again', async () => {
    let asked = 0;
    const orders = serviceOf('orders', {
      reads: { price: () => ({ cents: (asked += 1) }) },
      mutates: { confirm: () => 'ok' },
    });
    const { imports, ...others } = shop();
    const options = { ...others, imports: [orders, imports[1] ?? orders], effects: () => undefined, runs: 30 };
    expect((await simulate(options)).failures).not.toEqual([]);
    expect((await simulate({ ...options, outputs: false })).failures).toEqual([]);
  }, 30_000);

  it('only asks that every run ends, where the store restarts empty', async () => {
    const report = await simulate({ ...shop(), runs: 60, faults: { restart: 1, crash: 1, reorder: true } });
    expect(report.failures).toEqual([]);
  }, 30_000);

  it('rejects with what starting the run throws', async () => {
    await expect(simulate({ ...shop(), cookbook: 'unknown' })).rejects.toThrow('unknown');
  });
});
