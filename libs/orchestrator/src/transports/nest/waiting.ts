import { type Clock, SystemClock } from '../../utils/clock.js';

/** Waits for moments to come, until there is no time left for any of them. */
export class Waiting {
  private readonly ends = new Set<() => void>();
  private over = false;

  constructor(private readonly clock: Clock = new SystemClock()) {}

  get isOver(): boolean {
    return this.over;
  }

  /** How many there are. */
  get count(): number {
    return this.ends.size;
  }

  /** @returns `true`: it is that late. `false`: there is no time left */
  async until(moment: number): Promise<boolean> {
    if (this.over) return false;
    return new Promise((resolve) => {
      const end = (come: boolean): void => {
        this.ends.delete(giveUp);
        cancel();
        resolve(come);
      };
      const giveUp = (): void => {
        end(false);
      };
      this.ends.add(giveUp);
      const cancel = this.clock.after(moment - this.clock.now(), () => {
        end(true);
      });
    });
  }

  /** From now on there is no time. */
  end(): void {
    this.over = true;
    for (const end of this.ends) end();
  }
}
