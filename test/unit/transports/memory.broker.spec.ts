import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { TransportClosedError } from '../../../libs/orchestrator/src/errors/transport-closed.error.js';
import { UnroutableError } from '../../../libs/orchestrator/src/errors/unroutable.error.js';
import { VirtualClock } from '../../../libs/orchestrator/src/testing/virtual-clock.js';
import { MemoryBroker } from '../../../libs/orchestrator/src/transports/memory/memory.broker.js';
import { MemoryTransport } from '../../../libs/orchestrator/src/transports/memory/memory.transport.js';
import { deferred } from '../../support/deferred.js';

let clock: VirtualClock;
let broker: MemoryBroker;
let orders: MemoryTransport;
let ids = 0;

const send = (destination = 'orders.workflow', more: { body?: string; messageId?: string; delay?: number } = {}) =>
  orders.publish({ destination, body: '{}', messageId: `id-${(ids += 1)}`, ...more });

beforeEach(() => {
  clock = new VirtualClock();
  broker = new MemoryBroker(clock);
  orders = new MemoryTransport(broker, 'orders');
});

describe('a chain of hops', () => {
  const LENGTH = 20_000;

  it('never runs within the call that caused it, so it does not grow the stack', async () => {
    let hops = 0;
    let nested = 0;
    let deepest = 0;
    await orders.consume('orders.workflow', () => {
      nested += 1;
      deepest = Math.max(deepest, nested);
      const next = (hops += 1) < LENGTH ? send() : Promise.resolve();
      nested -= 1;
      return next;
    });
    const sending = send();
    expect(hops).toBe(0);
    await sending;
    await broker.idle();
    expect({ hops, deepest }).toEqual({ hops: LENGTH, deepest: 1 });
  });

  it('leaves timers and I/O their turn, though each hop only waits for promises', async () => {
    let hops = 0;
    const turns: number[] = [];
    await orders.consume('orders.workflow', async () => {
      if ((hops += 1) < LENGTH) await send();
    });
    await send();
    while (hops < LENGTH) {
      await setImmediate();
      turns.push(hops);
    }
    expect(turns.length).toBeGreaterThan(100);
    expect(Math.max(...turns.map((at, i) => at - (turns[i - 1] ?? 0)))).toBeLessThanOrEqual(200);
  });

  it('goes on where an app fakes the timers of its test', async () => {
    jest.useFakeTimers();
    try {
      let hops = 0;
      await orders.consume('orders.workflow', async () => {
        if ((hops += 1) < 1_000) await send();
      });
      await send();
      await broker.idle();
      expect(hops).toBe(1_000);
    } finally {
      jest.useRealTimers();
    }
  });
});

describe('a destination', () => {
  it('of a service that never joined is refused, with the nearest one that did', async () => {
    new MemoryTransport(broker, 'invoicing');
    const refusal = await send('invocing.workflow').catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(UnroutableError);
    expect(refusal).toMatchObject({ code: 'UNROUTABLE', destination: 'invocing.workflow' });
    expect((refusal as Error).message).toBe(
      'No service takes messages of "invocing.workflow". Did you mean "invoicing.workflow"? ' +
        'There are: "orders.workflow", "invoicing.workflow". Correct the service in the cookbook, or deploy that service.',
    );
  });

  it('of such a service is refused at once, also when the message is to be held back', async () => {
    await expect(send('nobody.workflow', { delay: 1_000 })).rejects.toBeInstanceOf(UnroutableError);
    expect(clock.pending).toBe(0);
  });

  it('that is a topic keeps nothing for a subscriber that went', async () => {
    const seen: string[] = [];
    const listener = new MemoryTransport(broker, 'audit');
    await listener.consume('monitoring.workflow.v1', ({ body }) => Promise.resolve(seen.push(body)));
    await listener.close(0);
    await send('monitoring.workflow.v1', { body: 'missed' });
    const again = new MemoryTransport(broker, 'audit');
    await again.consume('monitoring.workflow.v1', ({ body }) => Promise.resolve(seen.push(body)));
    await send('monitoring.workflow.v1', { body: 'seen' });
    await broker.idle();
    expect(seen).toEqual(['seen']);
  });
});

describe('terminals', () => {
  it('are kept, the newest of each kind, oldest first', async () => {
    broker = new MemoryBroker(clock, 2);
    orders = new MemoryTransport(broker, 'orders');
    for (const messageId of ['1', '2', '3']) await send('workflow.failed', { messageId });
    await send('workflow.completed', { messageId: '4' });
    expect(broker.kept('workflow.failed').map(({ messageId }) => messageId)).toEqual(['2', '3']);
    expect(broker.kept('workflow.completed').map(({ messageId }) => messageId)).toEqual(['4']);
    expect(broker.kept('orders.workflow')).toEqual([]);
  });

  it('that repeat under one id are kept once, the last time they came', async () => {
    for (const messageId of ['a', 'b', 'a']) await send('workflow.failed', { messageId });
    expect(broker.kept('workflow.failed').map(({ messageId }) => messageId)).toEqual(['b', 'a']);
  });
});

describe('a message that is refused', () => {
  it('comes again after a delay that doubles, up to five seconds', async () => {
    const at: number[] = [];
    const start = clock.now();
    await orders.consume('orders.workflow', () => {
      at.push(clock.now() - start);
      return Promise.reject(new Error('no'));
    });
    await send();
    await clock.advance(20_000);
    const gaps = at.slice(1).map((time, i) => time - (at[i] ?? 0));
    expect(gaps).toEqual([100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000]);
  });

  it('may be refused by a handler that throws before it returns a promise', async () => {
    const deliveries: number[] = [];
    await orders.consume('orders.workflow', (message) => {
      deliveries.push(message.deliveries);
      if (message.deliveries === 1) throw new Error('no');
      return Promise.resolve();
    });
    await send();
    await clock.advance(100);
    expect(deliveries).toEqual([1, 2]);
  });
});

describe('idle', () => {
  it('waits for messages, for those their handlers send, and for slow handlers', async () => {
    const slow = deferred<undefined>();
    const handled: string[] = [];
    await orders.consume('orders.workflow', async ({ body }) => {
      if (body === '1') await send('orders.workflow', { body: '2' });
      if (body === '2') await slow.promise;
      handled.push(body);
    });
    await send('orders.workflow', { body: '1' });
    let idle = false;
    const waiting = broker.idle().then(() => (idle = true));
    for (let turn = 0; turn < 5; turn += 1) await setImmediate();
    expect({ handled, idle }).toEqual({ handled: ['1'], idle: false });
    slow.resolve(undefined);
    await waiting;
    expect(handled).toEqual(['1', '2']);
  });

  it('does not wait for what is held back, nor for what nobody consumes yet', async () => {
    await send();
    await send('orders.workflow', { delay: 1_000 });
    await expect(broker.idle()).resolves.toBeUndefined();
  });

  it('comes when the last consumer of waiting messages goes', async () => {
    const hung = deferred<undefined>();
    const transport = new MemoryTransport(broker, 'orders', { prefetch: 1 });
    await transport.consume('orders.workflow', () => hung.promise);
    await send();
    await send();
    const waiting = broker.idle();
    const closing = transport.close(10);
    await clock.advance(10);
    await closing;
    await expect(waiting).resolves.toBeUndefined();
  });
});

describe('closing', () => {
  afterEach(() => {
    expect(clock.pending).toBe(0);
  });

  it('gives up what is in hand after the grace, and what its handler comes to then does not count', async () => {
    const hung = deferred<undefined>();
    const replica = new MemoryTransport(broker, 'orders');
    await orders.consume('orders.workflow', () => hung.promise);
    await send();
    await setImmediate();
    const deliveries: number[] = [];
    const closing = orders.close(15_000);
    await replica.consume('orders.workflow', (message) => Promise.resolve(deliveries.push(message.deliveries)));
    await clock.advance(14_999);
    expect(deliveries).toEqual([]);
    await clock.advance(1);
    await closing;
    hung.reject(new Error('too late'));
    await clock.advance(60_000);
    expect(deliveries).toEqual([2]);
    await replica.close(0);
  });

  it('of one service leaves the timers of the others', async () => {
    const other = new MemoryTransport(broker, 'other');
    await send('other.workflow', { delay: 1_000 });
    await orders.close(0);
    expect(clock.pending).toBe(1);
    await other.close(0);
  });

  it('of the last service drops what was held back', async () => {
    await send('orders.workflow', { delay: 1_000 });
    await orders.close(0);
  });

  it('is refused further work in words that say which service it was', async () => {
    await orders.close(0);
    const consuming = orders.consume('orders.workflow', () => Promise.resolve());
    await expect(consuming).rejects.toBeInstanceOf(TransportClosedError);
    await expect(send()).rejects.toThrow(
      'The transport of "orders" is closed: cannot send to "orders.workflow". Do this before the application shuts down.',
    );
  });
});
