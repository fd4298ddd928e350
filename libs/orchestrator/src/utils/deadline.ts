import type { Clock } from './clock.js';

/**
 * What is answered within so many milliseconds.
 * @param to names what was asked, in the error
 * @throws Error once they have passed; the answer is not heard then
 */
export function withDeadline<T>(clock: Clock, ms: number, answer: Promise<T>, to = ''): Promise<T> {
  return new Promise((resolve, reject) => {
    const disarm = clock.after(ms, () => {
      reject(new Error(`no answer ${to && `to ${to} `}within ${ms} ms`));
    });
    answer.then(resolve, reject).finally(disarm);
  });
}
