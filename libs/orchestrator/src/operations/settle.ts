import { isObservable, lastValueFrom, Observable, takeUntil } from 'rxjs';
import type { OperationContext } from './operation.js';

/**
 * An Observable's last value is the output; an empty one gives null (stock Nest rejects with EmptyError). It is left, and its
 * teardown runs, when the call's signal aborts: nobody waits for it any more.
 *
 * @param args of the call. The signal is asked for where there is an Observable only: it is made when it is
 * @throws the signal's reason
 */
export function settle(result: unknown, [, context]: readonly unknown[]): unknown {
  if (!isObservable(result)) return result;
  const { signal } = context as OperationContext;
  return lastValueFrom(result.pipe(takeUntil(abortOf(signal))), { defaultValue: null });
}

/** Fails when the signal aborts; says nothing. */
function abortOf(signal: AbortSignal): Observable<never> {
  return new Observable((subscriber) => {
    const fail = (): void => {
      subscriber.error(signal.reason);
    };
    if (signal.aborted) fail();
    else signal.addEventListener('abort', fail);
    return () => {
      signal.removeEventListener('abort', fail);
    };
  });
}
