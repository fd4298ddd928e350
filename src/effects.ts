import { type Table, table } from './data/table.js';

/**
 * What each key has come to. A handler may be called twice for one step (a retry after a lost answer, a redelivery after a
 * crash): it gives `context.idempotencyKey`, the same each time, and acts once. With a database this is a unique column,
 * written in one transaction with what the effect changes.
 */
export class Effects<Result extends object> {
  private readonly done: Table<Result>;

  /** @param name of the table; without one it is in memory */
  constructor(name?: string) {
    this.done = name === undefined ? new Map<string, Result>() : table(name);
  }

  /** What `effect` returned when the key was first seen. One that throws has not happened. */
  once(key: string, effect: () => Result): Result {
    const known = this.done.get(key);
    if (known !== undefined) return known;
    const result = effect();
    this.done.set(key, result);
    return result;
  }
}
