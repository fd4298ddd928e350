import { describe, expect, it } from '@jest/globals';
import { deferred } from '../../support/deferred.js';
import { until } from '../../support/until.js';

describe('until', () => {
  it('resolves once the condition holds, however it comes to hold', async () => {
    let seen = 0;
    await until(() => ++seen > 100);
    const answered = deferred<boolean>();
    setImmediate(() => {
      answered.resolve(true);
    });
    await until(() => answered.promise);
    expect(seen).toBe(101);
  });

  it('says which condition never held', async () => {
    const queue = ['message'];
    await expect(until(() => queue.length === 0, { timeoutMs: 20 })).rejects.toThrow(/20 ms.*queue\.length === 0/);
    await expect(until(() => false, { timeoutMs: 0, what: 'the queue is empty' })).rejects.toThrow(
      'the queue is empty',
    );
  });

  it('passes on what the condition throws', async () => {
    await expect(
      until(() => {
        throw new Error('broken probe');
      }),
    ).rejects.toThrow('broken probe');
  });
});

describe('deferred', () => {
  it('settles from outside, either way', async () => {
    const good = deferred<number>();
    good.resolve(7);
    await expect(good.promise).resolves.toBe(7);
    const bad = deferred();
    bad.reject(new Error('no'));
    await expect(bad.promise).rejects.toThrow('no');
  });
});
