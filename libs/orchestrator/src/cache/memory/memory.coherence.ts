import { randomUUID } from 'node:crypto';
import { Coherence } from '../coherence.js';

/** How many tags are remembered at least. */
const KEPT_TAGS = 100_000;

/**
 * The tokens of one process, shared by its services. The tags used least recently are forgotten first: answers that depend on
 * them are made again.
 */
export class MemoryCoherence extends Coherence {
  override readonly shared = false;
  // Two halves instead of a list by use: what is read moves to the young one, and when that is full the old one is dropped.
  private young = new Map<string, string>();
  private old = new Map<string, string>();

  /** How many tokens were made. Those of other instances, whose answers a store may still hold, begin otherwise. */
  private made = 0;
  private readonly begin = randomUUID();

  constructor(private readonly keptTags = KEPT_TAGS) {
    super();
  }

  override read(tags: readonly string[]): Promise<readonly string[]> {
    return Promise.resolve(tags.map((tag) => this.young.get(tag) ?? this.keep(tag, this.old.get(tag) ?? this.fresh())));
  }

  override purge(tags: readonly string[]): Promise<void> {
    const token = this.fresh();
    for (const tag of tags) this.keep(tag, token);
    return Promise.resolve();
  }

  /** Never made before. A number: a UUID of Node takes ten times the memory, and an answer holds one for each id it depends on. */
  private fresh(): string {
    return `${this.begin}:${(this.made += 1)}`;
  }

  private keep(tag: string, token: string): string {
    if (this.young.size >= this.keptTags && !this.young.has(tag)) {
      this.old = this.young;
      this.young = new Map();
    }
    this.young.set(tag, token);
    return token;
  }
}
