import { describe, expect, it } from '@jest/globals';
import { listed, nearest, suggestion } from '../../../libs/orchestrator/src/utils/nearest.js';

describe('the nearest name', () => {
  it.each([
    ['custmer', ['order', 'customer', 'custom'], 'customer'],
    ['get-invioce', ['get-order', 'get-invoice'], 'get-invoice'],
    ['setps', ['step', 'steps'], 'steps'],
    ['totl', ['id', 'total'], 'total'],
    ['N', ['n', 'm'], 'n'],
    ['Api_Input', ['api_input'], 'api_input'],
  ])('of %j among %j is %j', (word, candidates, expected) => {
    expect(nearest(word, candidates)).toBe(expected);
  });

  it.each([
    ['x', ['n', 'y']],
    ['id', ['ix', 'no']],
    ['customer', ['invoice', 'payment']],
    ['anything', []],
    ['', ['a']],
    ['x'.repeat(65), ['x'.repeat(64)]],
  ])(
    'is nothing when %j has no likely original in %j, so that no message sends a reader the wrong way',
    (word, names) => {
      expect(nearest(word, names)).toBeUndefined();
    },
  );

  it('is the first of those equally near', () => {
    expect(nearest('total', ['totals', 'totale'])).toBe('totals');
  });

  it('looks at a bounded number of candidates, so that an error about a huge object costs no more than a small one', () => {
    let asked = 0;
    function* endless(): Generator<string> {
      for (;;) yield `customer-${(asked += 1)}`;
    }
    expect(nearest('custmer', endless())).toBeUndefined();
    expect(asked).toBeLessThan(2_000);
  });
});

describe('a suggestion', () => {
  it('names the nearest and lists what there is, but not hundreds', () => {
    expect(suggestion('custmer', 'It has', ['order', 'customer'])).toBe(
      'Did you mean "customer"? It has: order, customer.',
    );
    expect(suggestion('else', 'It has', [])).toBe('It has: none.');
    expect(listed(['a', 'b', 'c'], 2)).toBe('a, b, and 1 more');
    expect(listed(Array.from({ length: 30 }, (_, index) => String(index)))).toMatch(/, 19, and 10 more$/);
  });
});
