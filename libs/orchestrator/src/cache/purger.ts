import { Logger } from '@nestjs/common';
import type { Clock, CancelTimer } from '../utils/clock.js';
import { describeError } from '../utils/describe-error.js';
import type { Coherence } from './coherence.js';
import type { Tag } from './tags.js';

/** Milliseconds for which a purge is waited for. */
const WITHIN = 10_000;
/** Milliseconds between two tries of what could not be purged. */
const AGAIN = 1_000;

/** Replaces tokens; and what it could not replace it owes, and tries again until it can. */
export class Purger {
  private readonly logger = new Logger('StepCache');
  private readonly owed = new Set<Tag>();
  private stop: CancelTimer | undefined;
  private closed = false;

  constructor(
    private readonly coherence: Coherence,
    private readonly clock: Clock,
  ) {}

  /** Whether every tag has a fresh token now. `false`: nobody may be told yet that anything has changed. */
  async purge(tags: readonly Tag[]): Promise<boolean> {
    try {
      await this.reach(tags);
      return true;
    } catch (error) {
      this.logger.error(`A purge could not be made and is tried again (${describeError(error)}): ${named(tags)}`);
      for (const tag of tags) this.owed.add(tag);
      this.later();
      return false;
    }
  }

  /** Tries what is owed once more, and gives it up. */
  async close(): Promise<void> {
    this.closed = true;
    this.stop?.();
    if (this.owed.size === 0) return;
    await this.coherence.purge([...this.owed]).catch(() => {
      this.logger.error(`The application closes, and this was never purged: ${named(this.owed)}`);
    });
  }

  private later(): void {
    if (this.closed) return;
    this.stop ??= this.clock.after(AGAIN, () => {
      this.stop = undefined;
      void this.payOff();
    });
  }

  private async payOff(): Promise<void> {
    const tags = [...this.owed];
    try {
      await this.reach(tags);
      for (const tag of tags) this.owed.delete(tag);
    } catch {
      this.later();
    }
  }

  private reach(tags: readonly Tag[]): Promise<void> {
    return new Promise((resolve, reject) => {
      const disarm = this.clock.after(WITHIN, () => {
        reject(new Error(`no answer within ${WITHIN} ms`));
      });
      this.coherence.purge(tags).then(resolve, reject).finally(disarm);
    });
  }
}

/** Without ids, which are inputs. */
function named(tags: Iterable<Tag>): string {
  return [...new Set([...tags].map((tag) => tag.split('/').slice(0, 3).join('/')))].join(', ');
}
