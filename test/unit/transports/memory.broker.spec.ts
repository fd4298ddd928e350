import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { TransportClosedError } from '../../../libs/orchestrator/src/errors/transport-closed.error.js';
import { UnroutableError } from '../../../libs/orchestrator/src/errors/unroutable.error.js';
import { VirtualClock } from '../../../libs/orchestrator/src/testing/virtual-clock.js';
import { MemoryBroker } from '../../../libs/orchestrator/src/transports/memory/memory.broker.js';
import { MemoryTerminals } from '../../../libs/orchestrator/src/transports/memory/memory.terminals.js';
import { MemoryTransport } from '../../../libs/orchestrator/src/transports/memory/memory.transport.js';
import { deferred } from '../../support/deferred.js';

let clock: VirtualClock;
let broker: MemoryBroker;
let orders: MemoryTransport;
let ids = 0;

const send = (destination = 'orders.workflow', more: { body?: string; messageId?: string; delay?: number } = {}) =>
  orders.publish({ destination, body: '{}', messageId: `id-${(ids += 1)}`, ...more });

const warnings: unknown[][] = [];
const ignore = () => undefined;

beforeEach(() => {
  warnings.length = 0;
  Logger.overrideLogger({ log: ignore, error: ignore, warn: (...told: unknown[]) => warnings.push(told) });
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
  it('of a service that never joined is refused, and the refusal knows those that did', async () => {
    new MemoryTransport(broker, 'invoicing');
    const refusal = await send('invocing.workflow').catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(UnroutableError);
    expect(refusal).toMatchObject({ code: 'UNROUTABLE', destination: 'invocing.workflow' });
    const known = ['orders.workflow', 'invoicing.workflow'];
    expect((refusal as Error).message).toBe(new UnroutableError('invocing.workflow', known).message);
  });

  it('of such a service is refused at once, also when the message is to be held back', async () => {
    await expect(send('nobody.workflow', { delay: 1_000 })).rejects.toBeInstanceOf(UnroutableError);
    expect(clock.pending).toBe(0);
  });

  it('that is a topic keeps nothing for a subscriber that went', async () => {
    const seen: string[] = [];
    const listener = new MemoryTransport(broker, 'audit');
    await listener.consume('monitoring.workflow.v1', ({ body }) => Promise.resolve(seen.push(body)));
    await listener.close();
    await send('monitoring.workflow.v1', { body: 'missed' });
    const again = new MemoryTransport(broker, 'audit');
    await again.consume('monitoring.workflow.v1', ({ body }) => Promise.resolve(seen.push(body)));
    await send('monitoring.workflow.v1', { body: 'seen' });
    await broker.idle();
    expect(seen).toEqual(['seen']);
  });
});

describe('terminals', () => {
  const kept = (destination: string) => broker.kept(destination).map(({ messageId }) => messageId);
  const keep = (bounds: ConstructorParameters<typeof MemoryTerminals>[0]) => {
    broker = new MemoryBroker(clock, new MemoryTerminals(bounds));
    orders = new MemoryTransport(broker, 'orders');
  };

  it('are kept, the newest of each kind, oldest first', async () => {
    keep({ perTopic: 2 });
    for (const messageId of ['1', '2', '3']) await send('workflow.failed', { messageId });
    await send('workflow.completed', { messageId: '4' });
    expect(kept('workflow.failed')).toEqual(['2', '3']);
    expect(kept('workflow.completed')).toEqual(['4']);
    await send('workflow.delivery_requested', { messageId: '5' });
    expect(kept('workflow.delivery_requested')).toEqual(['5']);
    expect(kept('orders.workflow')).toEqual([]);
  });

  it('are kept up to a size over all kinds: the oldest of any go first', async () => {
    keep({ characters: 10 });
    await send('workflow.failed', { messageId: '1', body: 'xxxx' });
    await send('workflow.completed', { messageId: '2', body: 'xxxx' });
    await send('workflow.failed', { messageId: '3', body: 'xx' });
    expect([kept('workflow.failed'), kept('workflow.completed')]).toEqual([['1', '3'], ['2']]);
    await send('workflow.completed', { messageId: '4', body: 'x' });
    expect([kept('workflow.failed'), kept('workflow.completed')]).toEqual([['3'], ['2', '4']]);
    await send('workflow.failed', { messageId: '5', body: 'xxxxxxxx' });
    expect([kept('workflow.failed'), kept('workflow.completed')]).toEqual([['5'], ['4']]);
  });

  it('count once towards that size, however often one comes and however many are gone', async () => {
    keep({ perTopic: 2, characters: 10 });
    for (let time = 0; time < 20; time += 1) await send('workflow.failed', { messageId: 'again', body: 'xxxx' });
    for (let time = 0; time < 20; time += 1) await send('workflow.completed', { messageId: `${time}`, body: 'xx' });
    expect([kept('workflow.failed'), kept('workflow.completed')]).toEqual([['again'], ['18', '19']]);
  });

  it('take 64 Mi characters at most, unless the broker is told otherwise', async () => {
    const body = 'x'.repeat(1_000_000); // one text, shared by all
    for (let time = 1; time <= 70; time += 1) await send('workflow.failed', { messageId: `${time}`, body });
    expect(kept('workflow.failed')).toEqual(Array.from({ length: 67 }, (_, i) => `${i + 4}`));
  });

  it('that repeat under one id are kept once, the last time they came', async () => {
    for (const messageId of ['a', 'b', 'a']) await send('workflow.failed', { messageId });
    expect(kept('workflow.failed')).toEqual(['b', 'a']);
  });
});

describe('a message that is refused', () => {
  it('comes again after a delay that doubles, four times', async () => {
    const at: number[] = [];
    const start = clock.now();
    await orders.consume('orders.workflow', () => {
      at.push(clock.now() - start);
      return Promise.reject(new Error('no'));
    });
    await send();
    await clock.advance(20_000);
    const gaps = at.slice(1).map((time, i) => time - (at[i] ?? 0));
    expect(gaps).toEqual([100, 200, 400, 800]);
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

  it('is logged once per delivery with why, and without its body, as nobody else hears of it', async () => {
    await orders.consume('orders.workflow', ({ deliveries }) => {
      if (deliveries === 3) return Promise.resolve();
      throw deliveries === 1 ? new TypeError('No price.') : Object.create(null); // what cannot be shown as a text, too
    });
    await send('orders.workflow', { messageId: 'm-1', body: '{"card":"4111"}' });
    await clock.advance(1_000);
    expect(warnings).toEqual([
      ['Message "m-1" to "orders.workflow", delivery 1, was refused: TypeError: No price.', 'MemoryQueue'],
      ['Message "m-1" to "orders.workflow", delivery 2, was refused: an object', 'MemoryQueue'],
    ]);
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
    await transport.close();
    await expect(waiting).resolves.toBeUndefined();
  });
});

describe('stopping', () => {
  it('may be asked of one that is stopping: each waits as long as it may, and all end with what is in hand', async () => {
    const hold = deferred();
    const ended: string[] = [];
    await orders.consume('orders.workflow', () => hold.promise);
    await send();
    await setImmediate();
    const stopping = Object.entries({ brief: 10, long: 60_000, longer: 70_000 }).map(([name, graceMs]) =>
      orders.stop(graceMs).then(() => ended.push(name)),
    );
    await clock.advance(10);
    expect(ended).toEqual(['brief']);
    hold.resolve();
    await Promise.all(stopping);
    expect(ended).toEqual(['brief', 'long', 'longer']);
    expect(clock.pending).toBe(0);
  });

  it('ends when it is closed: nothing is in hand any more', async () => {
    const hold = deferred();
    await orders.consume('orders.workflow', () => hold.promise);
    await send();
    await setImmediate();
    const stopping = orders.stop(60_000);
    await orders.close();
    await stopping;
    expect(clock.pending).toBe(0);
  });

  it('takes no further consumer', async () => {
    await orders.stop(0);
    const consuming = orders.consume('orders.workflow', () => Promise.resolve());
    await expect(consuming).rejects.toBeInstanceOf(TransportClosedError);
  });
});

describe('closing', () => {
  afterEach(() => {
    expect(clock.pending).toBe(0);
  });

  it('delivers nothing more, though it was not told to stop before', async () => {
    let handled = 0;
    const replica = new MemoryTransport(broker, 'orders');
    await orders.consume('orders.workflow', () => Promise.resolve((handled += 1)));
    await orders.close();
    const sending = replica.publish({ destination: 'orders.workflow', body: '{}', messageId: 'later' });
    await sending;
    await broker.idle();
    expect(handled).toBe(0);
    await replica.close();
  });

  it('twice leaves the timers of the others, as they are there still', async () => {
    const other = new MemoryTransport(broker, 'other');
    await send('other.workflow', { delay: 1_000 });
    await orders.close();
    await orders.close();
    expect(clock.pending).toBe(1);
    await other.close();
  });

  it('gives up what is in hand, though not before the grace is over, and its handler then does not count', async () => {
    const hung = deferred<undefined>();
    const replica = new MemoryTransport(broker, 'orders');
    await orders.consume('orders.workflow', () => hung.promise);
    await send();
    await setImmediate();
    const deliveries: number[] = [];
    const closing = orders.stop(15_000).then(() => orders.close());
    await replica.consume('orders.workflow', (message) => Promise.resolve(deliveries.push(message.deliveries)));
    await clock.advance(14_999);
    expect(deliveries).toEqual([]);
    await clock.advance(1);
    await closing;
    hung.reject(new Error('too late'));
    await clock.advance(60_000);
    expect(deliveries).toEqual([2]);
    await replica.close();
  });

  it('of one service leaves the timers of the others', async () => {
    const other = new MemoryTransport(broker, 'other');
    await send('other.workflow', { delay: 1_000 });
    await orders.close();
    expect(clock.pending).toBe(1);
    await other.close();
  });

  it('of the last service drops what was held back', async () => {
    await send('orders.workflow', { delay: 1_000 });
    await orders.close();
  });

  it('is refused further work in words that say which service it was', async () => {
    await orders.close();
    const consuming = orders.consume('orders.workflow', () => Promise.resolve());
    await expect(consuming).rejects.toBeInstanceOf(TransportClosedError);
    await expect(send()).rejects.toThrow(
      'The transport of "orders" is closed: cannot send to "orders.workflow". Do this before the application shuts down.',
    );
  });
});
