import { Logger } from '@nestjs/common';
import type { Clock } from '../utils/clock.js';
import { SeldomLogger } from '../utils/seldom-logger.js';
import type { Breaker } from './breaker.js';
import type { Coherence } from './coherence.js';

/** Milliseconds for which a service that was seen to share the tokens is not asked for again. */
const BELIEVED = 20_000;

/**
 * The services of other processes whose resources are read here: what they change purges nothing unless they share the tokens. A read
 * of one that nobody has seen do so is executed, and not cached.
 */
export class Owners {
  private readonly seen = new Map<string, number>();
  private readonly seldom: SeldomLogger;

  constructor(
    private readonly reader: string,
    private readonly coherence: Coherence,
    private readonly breaker: Breaker,
    private readonly clock: Clock,
  ) {
    this.seldom = new SeldomLogger(new Logger('StepCache'), clock);
  }

  /** One of them that does not share the tokens, as far as is known. `undefined`: all do. */
  async strangerAmong(owners: readonly string[]): Promise<string | undefined> {
    for (const owner of owners) {
      if (!(await this.isSeen(owner))) return owner;
    }
    return undefined;
  }

  private async isSeen(owner: string): Promise<boolean> {
    const now = this.clock.monotonic();
    if ((this.seen.get(owner) ?? -Infinity) > now) return true;
    const isShown = await this.breaker.try(() => this.coherence.isShownBy(owner));
    if (isShown === true) this.seen.set(owner, now + BELIEVED);
    if (isShown !== false) return isShown === true;
    this.seldom.warn(owner, `Service "${this.reader}" reads what service "${owner}" changes, and no process of that shares this cache: those reads are executed, not cached. Is it called so, and has it the same cache and namespace?`); // prettier-ignore
    return false;
  }
}
