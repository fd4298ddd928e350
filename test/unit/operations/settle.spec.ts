import { getEventListeners } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { EMPTY, NEVER, Observable, of, Subject } from 'rxjs';
import { setMayChange } from '../../../libs/orchestrator/src/operations/handler-call.js';
import type { OperationContext } from '../../../libs/orchestrator/src/operations/operation.js';
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

  it('before it began is never subscribed to', () => {
    let subscribed = false;
    const source = new Observable(() => {
      subscribed = true;
    });
    const over = AbortSignal.abort(new Error('over'));
    const changing = { signal: over } as OperationContext;
    setMayChange(changing);
    for (const args of [call(over), [{}, changing]]) expect(() => settle(source, args)).toThrow('over');
    expect(subscribed).toBe(false);
  });

  it('and may change something is followed to its end: only then is it done', async () => {
    const controller = new AbortController();
    const changing = { signal: controller.signal } as OperationContext;
    setMayChange(changing);
    const source = new Subject<number>();
    const answer = settle(source, [{}, changing]);
    controller.abort(new Error('too late'));
    expect(source.observed).toBe(true);
    source.next(1);
    source.complete();
    await expect(answer).resolves.toBe(1);
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
