/** A value now or later. Nothing waits a turn that need not: most inputs have no helper that answers later. */
export type MaybePromise<T> = T | Promise<T>;

export function isPromise(value: unknown): value is Promise<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}

/** `next` of the value: at once where it is here. */
export function whenDone<T, R>(value: MaybePromise<T>, next: (value: T) => MaybePromise<R>): MaybePromise<R> {
  return isPromise(value) ? value.then(next) : next(value);
}

/**
 * What `resolve` makes of each item, one after another: the next is not begun before the last is there, so that at most one
 * promise is under way and none is left behind when one fails.
 */
export function inOrder<T, R>(
  items: readonly T[],
  resolve: (item: T) => MaybePromise<R>,
  done: R[] = [],
): MaybePromise<R[]> {
  for (const item of items.slice(done.length)) {
    const value = resolve(item);
    if (isPromise(value)) {
      return value.then((answer) => {
        done.push(answer);
        return inOrder(items, resolve, done);
      });
    }
    done.push(value);
  }
  return done;
}
