import type { Delivery } from './delivery.js';

/** Milliseconds of real time that a handler may wait for something outside before others go on. */
const PATIENCE = 1_000;

interface Running {
  readonly delivery: Delivery;
  readonly paths: readonly string[];
  /** It waits for simulated time. */
  slow: boolean;
  readonly done: Promise<unknown>;
}

/** Handlers that have acted and not returned. */
export class HandlersAtWork {
  private readonly running = new Set<Running>();

  /**
   * @param done what it does for real; must not reject
   * @param slow whether simulated time is to pass after that: until `ended`
   */
  begin(delivery: Delivery, paths: readonly string[], done: Promise<unknown>, slow: boolean): { ended: () => void } {
    const running: Running = { delivery, paths, slow: false, done };
    const ended = (): void => {
      this.running.delete(running);
    };
    this.running.add(running);
    void done.then(() => {
      if (slow) running.slow = true;
      else ended();
    });
    return { ended };
  }

  /** What they will have come to. */
  pathsOf(delivery: Delivery): readonly string[] {
    return [...this.running].filter((each) => each.delivery === delivery).flatMap(({ paths }) => paths);
  }

  forget(delivery: Delivery): void {
    for (const each of this.running) if (each.delivery === delivery) this.running.delete(each);
  }

  clear(): void {
    this.running.clear();
  }

  /**
   * Waits for those that wait for something outside, for a while: nothing else happens meanwhile, so that a seed replays.
   * @param asks whether the delivery has asked for something since: then it is not waited for
   * @returns whether one has returned
   */
  async settled(asks: (delivery: Delivery) => boolean): Promise<boolean> {
    const waiting = [...this.running].filter(({ delivery, slow }) => !slow && !asks(delivery));
    if (waiting.length === 0) return false;
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<boolean>((resolve) => (timer = setTimeout(resolve, PATIENCE, false)));
    const settled = await Promise.race([...waiting.map(({ done }) => done.then(() => true)), patience]);
    clearTimeout(timer);
    return settled;
  }
}
