import { Coherence } from '../../cache/coherence.js';
import { MemoryCoherence } from '../../cache/memory/memory.coherence.js';
import type { Stage } from './stage.js';

/** Cache tokens on a stage: every purge is a call that something can happen to. They outlive every process. */
export class SimulatedCoherence extends Coherence {
  override readonly shared = true;
  private readonly tokens = new MemoryCoherence();

  constructor(private readonly stage: Stage) {
    super();
  }

  override read(tags: readonly string[]): Promise<readonly string[]> {
    return this.tokens.read(tags);
  }

  override purge(tags: readonly string[]): Promise<void> {
    return this.stage.call({
      port: 'purge',
      paths: [],
      about: () => tags.join(' '),
      act: () => this.tokens.purge(tags),
    });
  }
}
