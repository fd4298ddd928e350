import { isObservable } from 'rxjs';
import type { Caller } from '../message/workflow-message.js';
import type { HandlerId } from '../operations/handler.js';
import { Bracket, within } from '../operations/handler-call.js';
import { Changes } from './changes.js';
import { type Changed, replacedBy, type Tag } from './tags.js';

/** What a mutation needs of the cache it purges. */
export interface MutationPorts {
  /** What a handler changes that gets these arguments. */
  readonly changes: (handler: HandlerId, args: readonly unknown[]) => readonly Changed[];
  readonly purge: (tags: readonly Tag[], reason: string | null) => Promise<boolean>;
}

/**
 * A call that may change something. Whoever made it purges after it, before anybody is told of it; what it still does after
 * that is purged when it is done.
 */
export class Mutation extends Bracket {
  private readonly changed = new Changes();
  private over = false;

  /**
   * @param widest what it may change at most, whatever its arguments
   * @param hides whether a tag holds a secret
   */
  constructor(
    private readonly ports: MutationPorts,
    override readonly caller: Caller | undefined,
    private readonly widest: readonly Changed[],
    private readonly hides: (tag: Tag) => boolean,
  ) {
    super();
  }

  /** A handler that changes something has started. */
  get started(): boolean {
    return this.changed.size > 0;
  }

  /** What is replaced once it is done; before it has started: what may have to be. An id that is a secret stands in no tag: they are kept. */
  get tags(): readonly Tag[] {
    const changed = this.started ? this.changed.list() : this.widest;
    const caller = this.caller ?? {};
    const tags = replacedBy(changed, caller);
    if (!tags.some((tag) => this.hides(tag))) return tags;
    return replacedBy(changed.map(({ service, resource }) => ({ service, resource })), caller); // prettier-ignore
  }

  /** It starts without a handler, and may change all that it says. */
  begin(): void {
    for (const changed of this.widest) this.changed.add(changed);
  }

  override async around(next: () => Promise<unknown>): Promise<unknown> {
    try {
      return await within(this, next);
    } finally {
      await this.purgeIfOver(); // whoever waits for it to settle, as the next attempt does, waits for that too
    }
  }

  override starting(handler: HandlerId, args: readonly unknown[]): undefined {
    for (const changed of this.ports.changes(handler, args)) this.changed.add(changed);
  }

  override returned(_: HandlerId, result: unknown): void {
    const again = (): void => {
      void this.purgeIfOver();
    };
    if (result instanceof Promise) void result.then(again, again);
    else if (!isObservable(result)) again();
  }

  /**
   * Nobody waits for it any more: it is purged as it is now, and again when what is still at work has settled, be it while
   * this is under way. Whether nothing of what it has changed so far is served any more.
   */
  end(): Promise<boolean> {
    this.leave();
    return this.purge();
  }

  /** Nobody waits for it any more: what it still does is purged when it is done. */
  leave(): void {
    this.over = true;
  }

  /** Whether nothing of what it has changed so far is served any more. Where nothing started there is nothing to purge. */
  async purge(): Promise<boolean> {
    return !this.started || (await this.ports.purge(this.tags, null));
  }

  private async purgeIfOver(): Promise<void> {
    if (this.over && this.started) await this.ports.purge(this.tags, 'settled late');
  }
}
