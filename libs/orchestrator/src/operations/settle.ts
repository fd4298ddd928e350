import { isObservable, lastValueFrom, Observable, takeUntil } from 'rxjs';
import { mayChange } from './handler-call.js';
import type { OperationContext } from './operation.js';

/**
 * An Observable's last value is the output; an empty one gives null (stock Nest rejects with EmptyError). When the call's signal
 * aborts nobody waits for it any more: it is left, and its teardown runs. One that may change something is followed to its end
 * all the same: what it began may go on without it, and is done only then.
 *
 * @param args of the call. The signal is asked for where there is an Observable only: it is made when it is
 * @throws the signal's reason
 */
export function settle(result: unknown, [, context]: readonly unknown[]): unknown {
  if (!isObservable(result)) return result;
  const { signal } = context as OperationContext;
  signal.throwIfAborted();
  const followed = mayChange(context as OperationContext) ? result : result.pipe(takeUntil(abortOf(signal)));
  return lastValueFrom(followed, { defaultValue: null });
}

/** Fails when the signal aborts; says nothing. */
function abortOf(signal: AbortSignal): Observable<never> {
  return new Observable((subscriber) => {
    const fail = (): void => {
      subscriber.error(signal.reason);
    };
    signal.addEventListener('abort', fail);
    return () => {
      signal.removeEventListener('abort', fail);
    };
  });
}
