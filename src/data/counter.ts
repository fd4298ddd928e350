import { type Table, table } from './table.js';

/** Consecutive numbers, each given once, also after its process was killed. */
export class Counter {
  private readonly last: Table<number>;

  /** @param from the number before the first */
  constructor(
    name: string,
    private readonly from = 0,
  ) {
    this.last = table(`numbers-of-${name}`);
  }

  next(): number {
    const number = (this.last.get('last') ?? this.from) + 1;
    this.last.set('last', number);
    return number;
  }
}
