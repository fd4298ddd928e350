interface Link<T> {
  readonly item: T;
  next: Link<T> | undefined;
}

/** First in, first out, each in constant time however long it is; `Array.shift` moves all that is left. */
export class Fifo<T> {
  private first: Link<T> | undefined;
  private last: Link<T> | undefined;
  private length = 0;

  get size(): number {
    return this.length;
  }

  push(item: T): void {
    const link: Link<T> = { item, next: undefined };
    if (this.last === undefined) this.first = link;
    else this.last.next = link;
    this.last = link;
    this.length += 1;
  }

  /** Takes the oldest; `undefined`: there is none. */
  shift(): T | undefined {
    const link = this.first;
    if (link === undefined) return undefined;
    this.first = link.next;
    if (link.next === undefined) this.last = undefined;
    this.length -= 1;
    return link.item;
  }
}
