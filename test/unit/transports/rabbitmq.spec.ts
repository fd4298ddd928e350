import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { rabbitmq, type RabbitOptions, rabbitTopology } from 'nest-orchestrator/rabbitmq';
import {
  delayLadder,
  entryOf,
  LONGEST_DELAY,
} from '../../../libs/orchestrator/src/transports/rabbitmq/delay-ladder.js';

const ladder = delayLadder();

/** Whether a topic exchange would take a key by this pattern. */
function matches(pattern: string, key: string): boolean {
  const source = pattern.split('.').map((word) => (word === '#' ? '.*' : word === '*' ? '[^.]+' : word));
  return new RegExp(`^${source.join('\\.')}$`).test(key);
}

/** Goes the way of a message through exchanges and queues, and says how long the queues hold it and where it comes out. */
function walk(delay: number): { readonly held: number; readonly out: string } {
  const { exchange: entry, key } = entryOf(delay, 'stock.workflow');
  let exchange = entry;
  let held = 0;
  for (;;) {
    const [taken, ...more] = ladder.bindings.filter(
      ({ source, key: pattern }) => source === exchange && matches(pattern, key),
    );
    if (taken === undefined) return { held, out: exchange };
    expect(more).toEqual([]); // it must never be there twice
    const queue = ladder.queues.find(({ name }) => taken.to === 'queue' && name === taken.destination);
    held += Number(queue?.arguments['x-message-ttl'] ?? 0);
    exchange = queue === undefined ? taken.destination : String(queue.arguments['x-dead-letter-exchange']);
  }
}

describe('the delay ladder', () => {
  it('holds a message back for its delay, no less, and less than 100 ms more', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: LONGEST_DELAY }), (delay) => {
        const { held, out } = walk(delay);
        expect(held).toBeGreaterThanOrEqual(delay);
        expect(held).toBeLessThan(delay + 100);
        expect(out).toBe('orchestrator.delay.over');
      }),
      { numRuns: 1_000 },
    );
  });

  it('refuses a delay that is longer than it, and says so', () => {
    expect(() => entryOf(LONGEST_DELAY + 1, 'stock.workflow')).toThrow(
      /"stock.workflow" cannot be held back for 3355443101 ms/,
    );
  });
});

describe('the options of rabbitmq()', () => {
  it.each<[string, object, RegExp]>([
    ['a url of another kind', { urls: 'http://localhost' }, /rabbitmq: urls must be an amqp:\/\/ or amqps:\/\/ URL/],
    ['none', {}, /rabbitmq: urls must be/],
    ['an empty list', { urls: [] }, /rabbitmq: urls must be/],
    ['an unknown one', { urls: 'amqp://x', prefech: 5 }, /rabbitmq: unknown option "prefech"\.$/],
    [
      'a url by another name, whose password is not told',
      { urls: 'amqp://x', url: 'amqp://u:secret@h' },
      /^(?!.*secret)rabbitmq: unknown option "url"\.$/,
    ],
    [
      'a prefetch of nothing',
      { urls: 'amqp://x', prefetch: 0 },
      /rabbitmq: prefetch must not be less than 1 \(got 0\)/,
    ],
    [
      'a mode that does not exist',
      { urls: 'amqp://x', declare: 'maybe' },
      /rabbitmq: declare must be one of.+\(got "maybe"\)/,
    ],
    [
      'a time that is none',
      { urls: 'amqp://x', confirmTimeout: 'soon' },
      /rabbitmq: confirmTimeout must be a duration.+\(got "soon"\)/,
    ],
  ])('refuse %s', (_, options, message) => {
    expect(() => rabbitmq(options as RabbitOptions)).toThrow(message);
  });

  it('never tell a password', () => {
    expect(() => rabbitmq({ urls: ['amqp://ok', 'amq://user:secret@host'] })).toThrow(/^(?!.*secret)/s);
  });
});

it('rabbitTopology declares nothing that it has not declared what it belongs to', () => {
  const { exchanges, queues, bindings } = rabbitTopology(['orders', 'stock'], { keepCompleted: true });
  const names = new Set(exchanges.map(({ name }) => name));
  const held = new Set(queues.map(({ name }) => name));
  expect(queues.length).toBe(held.size);
  expect(exchanges.length).toBe(names.size);
  for (const { source, destination, to } of bindings) {
    expect(names).toContain(source);
    expect(to === 'queue' ? held : names).toContain(destination);
  }
  for (const { arguments: args } of queues) {
    const target = args['x-dead-letter-routing-key'] ?? args['x-dead-letter-exchange'];
    if (target !== undefined) expect([...held, ...names]).toContain(target);
  }
});
