import { setImmediate } from 'node:timers/promises';
import type { Prng } from '../random/prng.js';
import { Stage } from './stage.js';

/** Lets everything happen some turns of the event loop after it was asked for, and be heard of some turns after that. */
export class RandomStage extends Stage {
  constructor(readonly random: Prng) {
    super();
  }

  private async pause(): Promise<void> {
    const most = this.random.chance(0.1) ? 30 : 3;
    for (let left = this.random.below(most + 1); left > 0; left -= 1) await setImmediate();
  }

  override async step<T>(_: string, effect: () => T | Promise<T>): Promise<T> {
    await this.pause();
    const answer = await effect();
    await this.pause();
    return answer;
  }

  override enter(_: string, __: string, effect: () => unknown): void {
    void effect();
  }

  override kill(): void {
    throw new Error('Nobody crashes here.');
  }

  override reads(): void {
    // nobody asks
  }

  override writes(): void {
    // nobody asks
  }
}
