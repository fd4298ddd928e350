import { afterEach, describe, expect, it } from '@jest/globals';
import type { OrchestratorModuleOptions } from 'nest-orchestrator';
import type { TestOperations } from 'nest-orchestrator/testing';
import { deferred } from '../support/deferred.js';
import { bootOver, type ConnectedServices, WAYS } from '../support/over-transports.js';
import { until } from '../support/until.js';

/** One table of scenarios: what a workflow does, whatever carries its messages. */
describe.each(WAYS)('a workflow over $name', (way) => {
  let services: ConnectedServices | undefined;
  /** Operations in the order in which they were called, `service.operation`. */
  let calls: string[];
  afterEach(() => services?.close());

  /** An operation that notes its call; what it answers is what it is told to. */
  const noting =
    <Input>(name: string, answer: (input: Input) => unknown) =>
    (input: Input): unknown => {
      calls.push(name);
      return answer(input);
    };

  async function boot(
    operations: Readonly<Record<string, TestOperations>>,
    more: OrchestratorModuleOptions = {},
  ): Promise<ConnectedServices> {
    calls = [];
    services = await bootOver(way, operations, { retry: { baseDelay: '50ms' }, ...more });
    return services;
  }

  const task = (
    step_id: string,
    service: string,
    operation: string,
    input: unknown = {},
    more: object = {},
  ): object => ({
    step_id,
    type: 'task',
    service: services?.nameOf(service),
    operation,
    input,
    ...more,
  });
  const book = (...steps: object[]): object => ({ version: '2.1.0', steps });

  it('hops from service to service and back, each step once, and tells its result to whoever started it', async () => {
    const { orchestrator } = await boot({
      orders: {
        reads: { price: noting('orders.price', ({ sku }: { sku: string }) => ({ sku, cents: 250 })) },
        mutates: { confirm: noting('orders.confirm', ({ shelf }: { shelf: string }) => `confirmed from ${shelf}`) },
      },
      stock: {
        mutates: { reserve: noting('stock.reserve', ({ cents }: { cents: number }) => ({ shelf: `A${cents}` })) },
      },
      billing: { mutates: { charge: noting('billing.charge', ({ cents }: { cents: number }) => ({ paid: cents })) } },
    });
    const cookbook = book(
      task('price', 'orders', 'price', { sku: '{{api_input.sku}}' }),
      task('reserve', 'stock', 'reserve', { cents: '{{steps.price.output.cents}}' }),
      task('charge', 'billing', 'charge', { cents: '{{steps.price.output.cents}}' }),
      task('confirm', 'orders', 'confirm', { shelf: '{{steps.reserve.output.shelf}}' }),
    );
    const { output, steps } = await orchestrator('orders').run(cookbook, { input: { sku: 'tea ä€😀' } });
    expect(output).toBe('confirmed from A250');
    expect(steps).toMatchObject({ price: { sku: 'tea ä€😀' }, charge: { paid: 250 } });
    expect(calls).toEqual(['orders.price', 'stock.reserve', 'billing.charge', 'orders.confirm']);
  });

  it('many runs at once each come to their own end', async () => {
    const { orchestrator } = await boot({
      orders: { reads: { double: ({ n }: { n: number }) => 2 * n } },
      stock: { mutates: { add: ({ n }: { n: number }) => n + 1 } },
    });
    const cookbook = book(
      task('double', 'orders', 'double', { n: '{{api_input}}' }),
      task('add', 'stock', 'add', { n: '{{steps.double.output}}' }),
    );
    const numbers = Array.from({ length: 30 }, (_, n) => n);
    const results = await Promise.all(numbers.map((input) => orchestrator('orders').run(cookbook, { input })));
    expect(results.map(({ output }) => output)).toEqual(numbers.map((n) => 2 * n + 1));
  });

  it('tries a step again that fails for a while, and goes on', async () => {
    let failures = 2;
    const flaky = noting('stock.reserve', () => {
      if ((failures -= 1) >= 0) throw Object.assign(new Error('busy'), { status: 503 });
      return 'reserved';
    });
    const { orchestrator } = await boot({ orders: {}, stock: { mutates: { reserve: flaky } } });
    const { output } = await orchestrator('orders').run(book(task('reserve', 'stock', 'reserve')));
    expect({ output, calls: calls.length }).toEqual({ output: 'reserved', calls: 3 });
  });

  it('waits between two services, and is never early', async () => {
    const at: number[] = [];
    const look = (): number => at.push(Date.now());
    const { orchestrator } = await boot({ orders: { reads: { look } }, stock: { reads: { look } } });
    const wait = { step_id: 'rest', type: 'wait', duration_ms: 700 };
    await orchestrator('orders').run(book(task('a', 'orders', 'look'), wait, task('b', 'stock', 'look')));
    expect(at).toHaveLength(2);
    expect(Number(at[1]) - Number(at[0])).toBeGreaterThanOrEqual(700);
  });

  it('forks over services, and joins what its branches came to', async () => {
    const { orchestrator } = await boot({
      orders: { reads: { sum: ({ parts }: { parts: number[] }) => parts.reduce((a, b) => a + b) } },
      stock: { mutates: { reserve: () => 3 } },
      billing: { mutates: { charge: () => 4 } },
    });
    const fork = {
      step_id: 'both',
      type: 'fork_join',
      branches: { a: task('reserve', 'stock', 'reserve'), b: task('charge', 'billing', 'charge') },
      join: { strategy: 'all' },
    };
    const sum = task('sum', 'orders', 'sum', {
      parts: ['{{steps.both.output.branches.a}}', '{{steps.both.output.branches.b}}'],
    });
    const { output } = await orchestrator('orders').run(book(fork, sum));
    expect(output).toBe(7);
  });

  it('fails with what its step failed with; where failed runs are kept it is listed, and goes on when it is requeued', async () => {
    let broke = true;
    const charge = noting('billing.charge', () => {
      if (broke) throw Object.assign(new Error('card refused'), { status: 402 });
      return 'paid';
    });
    const { orchestrator } = await boot({ orders: {}, billing: { mutates: { charge } } });
    const orders = orchestrator('orders');
    const { workflowId } = await orders.start(book(task('charge', 'billing', 'charge')));
    const failure = { message: 'card refused', status: 402 };
    await expect(orders.result(workflowId)).rejects.toMatchObject({ code: 'WORKFLOW_FAILED', failure });
    expect(calls).toEqual(['billing.charge']);
    const listed = (await orders.failed.list()).filter((run) => run.workflowId === workflowId);
    expect(listed).toHaveLength(way.keepsFailed ? 1 : 0);
    broke = false;
    const again = orders.requeue(workflowId).then(() => orders.result(workflowId));
    if (way.keepsFailed) expect(await again).toMatchObject({ output: 'paid' });
    else await expect(again).rejects.toMatchObject({ code: 'RUN_NOT_REQUEUABLE' });
  });

  it('is cancelled between two steps where records are kept; else it goes on', async () => {
    const [began, work] = [deferred(), deferred()];
    const slow = async (): Promise<string> => {
      began.resolve();
      await work.promise;
      return 'slow';
    };
    const after = noting('stock.after', () => 'after');
    const { orchestrator } = await boot({ orders: { mutates: { slow } }, stock: { mutates: { after } } });
    const { workflowId } = await orchestrator('orders').start(
      book(task('slow', 'orders', 'slow'), task('after', 'stock', 'after')),
    );
    await began.promise;
    const { status } = await orchestrator('orders').cancel(workflowId);
    work.resolve();
    const result = orchestrator('orders').result(workflowId);
    if (way.records) {
      await expect(result).rejects.toMatchObject({ failure: { code: 'RUN_CANCELLED' } });
      expect({ status, calls }).toEqual({ status: 'cancelling', calls: [] });
    } else {
      expect(await result).toMatchObject({ output: 'after' });
      expect({ status, calls }).toEqual({ status: 'unknown', calls: ['stock.after'] });
    }
  });

  it('whose next service is nowhere is UNROUTABLE: at once in one application, else after it was tried for a while', async () => {
    const { orchestrator } = await boot({ orders: { reads: { look: () => 1 } } }, { unroutable: { retryFor: '1s' } });
    const next = { ...task('b', 'orders', 'look'), service: 'nowhere' };
    const run = orchestrator('orders').run(book(task('a', 'orders', 'look'), next));
    const problem = { code: 'UNROUTABLE' };
    await expect(run).rejects.toMatchObject(way.apart ? { failure: problem } : problem);
  });

  it('ends its step at work before its service is gone', async () => {
    const [began, work] = [deferred(), deferred()];
    const slow = async (): Promise<string> => {
      began.resolve();
      await work.promise;
      return 'done';
    };
    const connected = await boot({ orders: { mutates: { slow } } });
    const { workflowId } = await connected.orchestrator('orders').start(book(task('slow', 'orders', 'slow')));
    const ended: string[] = [];
    connected.orchestrator('orders').events$.subscribe(({ type, workflow_id }) => {
      if (workflow_id === workflowId) ended.push(type);
    });
    await began.promise;
    const closing = connected.close();
    services = undefined;
    work.resolve();
    await closing;
    await until(() => ended.includes('completed'));
  });
});

describe('a step over NATS whose output is larger than the server takes', () => {
  it('fails as MESSAGE_TOO_LARGE, instead of being sent for ever', async () => {
    const way = WAYS.find(({ name }) => name === 'Transport.NATS');
    if (way === undefined) throw new Error('NATS is not in the table.');
    const reads = { grow: () => 'x'.repeat(1_100_000) };
    const services = await bootOver(
      way,
      { orders: { reads }, stock: { reads } },
      { limits: { messageBytes: 4_000_000 } },
    );
    const step = (step_id: string, service: string): object => ({
      step_id,
      type: 'task',
      service: services.nameOf(service),
      operation: 'grow',
      input: {},
    });
    const run = services
      .orchestrator('orders')
      .run({ version: '2.1.0', steps: [step('a', 'orders'), step('b', 'stock')] });
    await expect(run).rejects.toMatchObject({ failure: { code: 'MESSAGE_TOO_LARGE' } });
    await services.close();
  });
});
