import type { Clock } from './clock.js';

/**
 * What is answered within so many milliseconds.
 * @param late the error once they have passed; the answer is not heard then
 */
export function withDeadline<T>(
  clock: Clock,
  ms: number,
  answer: Promise<T>,
  late = (): Error => new Error(`no answer within ${ms} ms`),
): Promise<T> {
  return new Promise((resolve, reject) => {
    const disarm = clock.after(ms, () => {
      reject(late());
    });
    answer.then(resolve, reject).finally(disarm);
  });
}

/** Resolves when the work is over, however it ended, or when so many milliseconds have passed. */
export function settledWithin(clock: Clock, ms: number, work: Promise<unknown>): Promise<void> {
  return new Promise((resolve) => {
    const disarm = clock.after(ms, resolve);
    const over = (): void => {
      disarm();
      resolve();
    };
    work.then(over, over);
  });
}
