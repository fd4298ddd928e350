import { MemoryCoherence } from '../../libs/orchestrator/src/cache/memory/memory.coherence.js';
import { Coherence, type CoherenceDefinition } from '../../libs/orchestrator/src/cache/coherence.js';
import type { Mood } from './far-store.js';

/** Tokens that can or cannot be read and replaced, as the test says. */
export class FickleCoherence extends Coherence {
  reading: Mood = 'well';
  purging: Mood = 'well';
  /** What was purged. */
  readonly purged: (readonly string[])[] = [];
  private readonly tokens = new MemoryCoherence();

  /** @param shared whether they pass for tokens that other processes share: then a read does not wait for them for long */
  constructor(override readonly shared = false) {
    super();
  }

  get definition(): CoherenceDefinition {
    return { kind: 'fickle', create: () => this };
  }

  override read(tags: readonly string[]): Promise<readonly string[]> {
    return as(this.reading, () => this.tokens.read(tags));
  }

  override purge(tags: readonly string[]): Promise<void> {
    return as(this.purging, () => {
      this.purged.push(tags);
      return this.tokens.purge(tags);
    });
  }
}

function as<T>(mood: Mood, work: () => Promise<T>): Promise<T> {
  if (mood === 'hangs') return new Promise(() => undefined);
  return mood === 'refuses' ? Promise.reject(new Error('no tokens today')) : work();
}
