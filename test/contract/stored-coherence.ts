import { randomUUID } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { Coherence } from '../../libs/orchestrator/src/cache/coherence.js';
import type { CoherenceFixture } from '../../libs/orchestrator/src/testing/coherence.contract.js';

/** What a server would keep. */
export type Store = Map<string, string>;

/** Tokens in a store that several clients share, and that takes and answers a call some moments later: as it should be. */
export class StoredCoherence extends Coherence {
  override readonly shared: boolean = true;

  constructor(protected readonly store: Store) {
    super();
  }

  override async read(tags: readonly string[]): Promise<readonly string[]> {
    await setImmediate();
    const tokens = tags.map((tag) => this.store.get(tag) ?? this.keep(tag, this.make(tag)));
    await setImmediate();
    return tokens;
  }

  override async purge(tags: readonly string[]): Promise<void> {
    await setImmediate();
    const token = randomUUID();
    for (const tag of tags) this.keep(tag, token);
    await setImmediate();
  }

  /** @param _ the tag, which has none */
  protected make(_: string): string {
    return randomUUID();
  }

  protected keep(tag: string, token: string): string {
    this.store.set(tag, token);
    return token;
  }
}

/** Tokens with one fault, and how the case begins that must see it. */
export type FaultyCoherence = readonly [fault: string, seenBy: string, type: new (store: Store) => Coherence];

/** An empty store, and clients of that class. */
export function storedFixture(type: new (store: Store) => Coherence): CoherenceFixture {
  const store: Store = new Map();
  const coherence = new type(store);
  return {
    coherence,
    ...(coherence.shared && { another: () => new type(store) }),
    forget: async (tags) => {
      await setImmediate();
      for (const tag of tags) store.delete(tag);
    },
    cut: async () => {
      await setImmediate();
      const fail = (): never => {
        throw new Error('The store cannot be reached.');
      };
      Object.assign(store, { get: fail, set: fail, has: fail });
    },
  };
}
