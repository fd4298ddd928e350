import type { Boot } from './ways.js';
import { Workshop } from './workshop.js';

/** The workshops of a test, each opened when it is first needed. */
export class Workshops {
  private readonly open = new Map<Boot, Promise<Workshop>>();

  of(boot: Boot): Promise<Workshop> {
    const known = this.open.get(boot) ?? Workshop.open(boot);
    this.open.set(boot, known);
    return known;
  }

  async close(): Promise<void> {
    for (const workshop of this.open.values()) await (await workshop).close();
  }
}
