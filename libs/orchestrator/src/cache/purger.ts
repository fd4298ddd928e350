import { Logger } from '@nestjs/common';
import type { Clock, CancelTimer } from '../utils/clock.js';
import { describeError } from '../utils/describe-error.js';
import { withDeadline } from '../utils/deadline.js';
import type { Coherence } from './coherence.js';
import { type Tag, widened } from './tags.js';

/** Milliseconds for which a purge is waited for. */
const WITHIN = 10_000;
/** Milliseconds between two tries of what could not be purged. */
const AGAIN = 1_000;
/** Tags that are owed at most; where there are more, wider ones are. */
const MOST_OWED = 4_096;

/** Replaces tokens; and what it could not replace it owes, and tries again until it can. */
export class Purger {
  private readonly logger = new Logger('StepCache');
  /** Each tag with its newest debt: a try that began before that does not pay it. */
  private owed = new Map<Tag, symbol>();
  private stop: CancelTimer | undefined;
  private closed = false;

  /** @param paid told what was owed, and is purged now */
  constructor(
    private readonly coherence: Coherence,
    private readonly clock: Clock,
    private readonly paid: (tags: readonly Tag[]) => void,
  ) {}

  /** Whether every tag has a fresh token now. `false`: nobody may be told yet that anything has changed. */
  async purge(tags: readonly Tag[]): Promise<boolean> {
    try {
      await this.reach(tags);
      return true;
    } catch (error) {
      this.logger.error(`A purge could not be made and is tried again (${describeError(error)}): ${named(tags)}`);
      this.owe(tags);
      this.later();
      return false;
    }
  }

  /** Tries what is owed once more, and gives it up. */
  async close(): Promise<void> {
    this.closed = true;
    this.stop?.();
    if (this.owed.size === 0) return;
    await this.pay().catch(() => {
      this.logger.error(`The application closes, and this was never purged: ${named(this.owed.keys())}`);
    });
  }

  private owe(tags: readonly Tag[]): void {
    const debt = Symbol('debt');
    for (const tag of tags) this.owed.set(tag, debt);
    if (this.owed.size <= MOST_OWED) return;
    this.owed = new Map(Array.from(widened(this.owed.keys(), MOST_OWED), (tag) => [tag, debt]));
  }

  private later(): void {
    if (this.closed) return;
    this.stop ??= this.clock.after(AGAIN, () => {
      this.stop = undefined;
      void this.pay().catch(() => {
        this.later();
      });
    });
  }

  private async pay(): Promise<void> {
    const debts = [...this.owed];
    const tags = debts.map(([tag]) => tag);
    await this.reach(tags);
    for (const [tag, debt] of debts) if (this.owed.get(tag) === debt) this.owed.delete(tag);
    this.paid(tags);
  }

  private async reach(tags: readonly Tag[]): Promise<void> {
    await withDeadline(this.clock, WITHIN, this.coherence.purge(tags));
  }
}

/** Without ids, which are inputs. */
function named(tags: Iterable<Tag>): string {
  return [...new Set([...tags].map((tag) => tag.split('/').slice(0, 3).join('/')))].join(', ');
}
