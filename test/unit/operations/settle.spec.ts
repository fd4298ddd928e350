import { getEventListeners } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { EMPTY, NEVER, Observable, of } from 'rxjs';
import { settle } from '../../../libs/orchestrator/src/operations/settle.js';

/** The arguments of a call whose context has that signal. */
const call = (signal: AbortSignal): readonly unknown[] => [{ id: 1 }, { signal }];

describe('what a handler answers', () => {
  it('is the last value of an Observable, and null of an empty one', async () => {
    const { signal } = new AbortController();
    await expect(settle(of(1, 2), call(signal))).resolves.toBe(2);
    await expect(settle(EMPTY, call(signal))).resolves.toBeNull();
  });

  it('is left as it is otherwise, and the signal is not asked for: making one costs more than a short step', () => {
    const context = { get signal(): never { throw new Error('it was asked for'); } }; // prettier-ignore
    const answer = Promise.resolve(1);
    expect(settle(answer, [undefined, context])).toBe(answer);
    expect(settle('text', [undefined, context])).toBe('text');
  });
});

describe('an Observable whose call is given up', () => {
  it('is left, its teardown runs, and the values so far are no output', async () => {
    const controller = new AbortController();
    let left = 0;
    const endless = new Observable((subscriber) => {
      subscriber.next('so far');
      return () => {
        left += 1;
      };
    });
    const answer = settle(endless, call(controller.signal));
    expect(left).toBe(0);
    controller.abort(new Error('too late'));
    await expect(answer).rejects.toThrow('too late');
    expect(left).toBe(1);
  });

  it('before it began is never subscribed to', async () => {
    let subscribed = false;
    const source = new Observable(() => {
      subscribed = true;
    });
    await expect(settle(source, call(AbortSignal.abort(new Error('over'))))).rejects.toThrow('over');
    expect(subscribed).toBe(false);
  });

  it('no more is heard of by the signal once it has ended', async () => {
    const { signal } = new AbortController();
    await settle(of(1), call(signal));
    expect(getEventListeners(signal, 'abort')).toEqual([]);
    const waiting = settle(NEVER, call(signal));
    expect(waiting).toBeInstanceOf(Promise);
    expect(getEventListeners(signal, 'abort')).toHaveLength(1); // what the first assertion would see of a leak
  });
});
