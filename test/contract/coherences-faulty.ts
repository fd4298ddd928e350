import { randomUUID } from 'node:crypto';
import { setImmediate, setTimeout } from 'node:timers/promises';
import type { Coherence } from '../../libs/orchestrator/src/cache/coherence.js';
import { type FaultyCoherence, StoredCoherence } from './stored-coherence.js';

/** Tokens that are read, made or kept wrongly. */
export const coherencesFaultyInReading = (): readonly FaultyCoherence[] => [
  [
    'sorts the tags',
    'gives the tokens of tags in their order',
    class extends StoredCoherence {
      override read(tags: readonly string[]) {
        return super.read([...tags].sort());
      }
    },
  ],
  [
    'gives a tag that is named twice one place',
    'gives the tokens of tags in their order',
    class extends StoredCoherence {
      override read(tags: readonly string[]) {
        return super.read([...new Set(tags)]);
      }
    },
  ],
  [
    'keeps no tokens',
    'gives the same tokens again',
    class extends StoredCoherence {
      protected override keep(_: string, token: string) {
        return token;
      }
    },
  ],
  [
    'looks first, and makes a token later',
    'gives the same tokens again as long as nothing is purged, also to those who ask',
    class extends StoredCoherence {
      override async read(tags: readonly string[]) {
        const missing = new Set(tags.filter((tag) => !this.store.has(tag)));
        await setImmediate();
        return tags.map((tag) => (missing.has(tag) ? this.keep(tag, randomUUID()) : (this.store.get(tag) ?? '')));
      }
    },
  ],
  [
    'has no case',
    'keeps tags apart',
    class extends StoredCoherence {
      override read(tags: readonly string[]) {
        return super.read(tags.map((tag) => tag.toLowerCase()));
      }
      override purge(tags: readonly string[]) {
        return super.purge(tags.map((tag) => tag.toLowerCase()));
      }
    },
  ],
  [
    'keeps tokens in an object with a prototype',
    'keeps tags apart',
    class extends StoredCoherence {
      private readonly tokens: Record<string, string> = {};
      override read(tags: readonly string[]) {
        return Promise.resolve(tags.map((tag) => (this.tokens[tag] ??= randomUUID())));
      }
      override purge(tags: readonly string[]) {
        for (const tag of tags) this.tokens[tag] = randomUUID();
        return Promise.resolve();
      }
    },
  ],
  [
    'takes a pattern for what it matches',
    'keeps tags apart',
    class extends StoredCoherence {
      override purge(tags: readonly string[]) {
        const matched = tags.flatMap((tag) =>
          tag.endsWith('*') ? [...this.store.keys()].filter((key) => key.startsWith(tag.slice(0, -1))) : tag,
        );
        return super.purge(matched);
      }
    },
  ],
  [
    'purges a hundred tags at most',
    'reads and purges a thousand tags',
    class extends StoredCoherence {
      override purge(tags: readonly string[]) {
        return super.purge(tags.slice(0, 100));
      }
    },
  ],
  [
    'fails with no tags',
    'reads nothing of no tags',
    class extends StoredCoherence {
      override read(tags: readonly string[]) {
        return tags.length === 0 ? Promise.reject(new Error('Wrong number of arguments.')) : super.read(tags);
      }
    },
  ],
  [
    'purges everything when there are no tags',
    'reads nothing of no tags',
    class extends StoredCoherence {
      override purge(tags: readonly string[]) {
        return super.purge(tags.length === 0 ? [...this.store.keys()] : tags);
      }
    },
  ],
  [
    'has tokens of its own, and says that they are shared',
    'says who shares its tokens',
    class extends StoredCoherence {
      constructor() {
        super(new Map());
      }
    },
  ],
  [
    'says that nobody shares its tokens',
    'says who shares its tokens',
    class extends StoredCoherence {
      override sharedWith(other: Coherence): boolean {
        return other === this;
      }
    },
  ],
];

/** Tokens that a purge leaves as they were, or that come back. */
export const coherencesFaultyInPurging = (): readonly FaultyCoherence[] => [
  [
    'purges the first tag only',
    'replaces every tag of a purge',
    class extends StoredCoherence {
      override purge(tags: readonly string[]) {
        return super.purge(tags.slice(0, 1));
      }
    },
  ],
  [
    'never changes the token of a tag',
    'replaces every tag of a purge',
    class extends StoredCoherence {
      override read(tags: readonly string[]) {
        return Promise.resolve(tags.map((tag) => `token of ${tag}`));
      }
    },
  ],
  [
    'purges by deleting, and makes the same token again',
    'replaces every tag of a purge',
    class extends StoredCoherence {
      override purge(tags: readonly string[]) {
        for (const tag of tags) this.store.delete(tag);
        return Promise.resolve();
      }
      protected override make(tag: string) {
        return `first token of ${tag}`;
      }
    },
  ],
  [
    'purges whatever begins like the tag',
    'replaces every tag of a purge once, and no other',
    class extends StoredCoherence {
      override purge(tags: readonly string[]) {
        return super.purge([...this.store.keys()].filter((key) => tags.some((tag) => key.startsWith(tag))));
      }
    },
  ],
  [
    'has one token for everything',
    'replaces every tag of a purge once, and no other',
    class extends StoredCoherence {
      override purge() {
        return super.purge([...this.store.keys()]);
      }
    },
  ],
  [
    'resolves a purge before the store has taken it',
    'lets every read see a purge',
    class extends StoredCoherence {
      override purge(tags: readonly string[]) {
        void setTimeout(5).then(() => super.purge(tags));
        return Promise.resolve();
      }
    },
  ],
  [
    'remembers in the process what only its own purges replace',
    'lets every read see a purge',
    class extends StoredCoherence {
      private readonly near = new Map<string, string>();
      override async read(tags: readonly string[]) {
        const missing = tags.filter((tag) => !this.near.has(tag));
        for (const [at, token] of (await super.read(missing)).entries()) this.near.set(missing[at] ?? '', token);
        return tags.map((tag) => this.near.get(tag) ?? '');
      }
      override async purge(tags: readonly string[]) {
        await super.purge(tags);
        for (const tag of tags) this.near.delete(tag);
      }
    },
  ],
  [
    'lets a read join one that is under way',
    'lets no read join',
    class extends StoredCoherence {
      private readonly underWay = new Map<string, Promise<readonly string[]>>();
      override read(tags: readonly string[]) {
        const key = tags.join();
        const reading = this.underWay.get(key) ?? this.slowly(tags).finally(() => this.underWay.delete(key));
        this.underWay.set(key, reading);
        return reading;
      }
      private async slowly(tags: readonly string[]) {
        const tokens = await super.read(tags);
        for (let turn = 0; turn < 5; turn += 1) await setImmediate();
        return tokens;
      }
    },
  ],
  [
    'makes tokens of the time of day',
    'gives no two purges the same token',
    class extends StoredCoherence {
      protected override keep(tag: string) {
        return super.keep(tag, String(Math.floor(Date.now() / 1_000)));
      }
    },
  ],
  [
    'changes between two tokens',
    'gives no two purges the same token',
    class extends StoredCoherence {
      override purge(tags: readonly string[]) {
        for (const tag of tags) this.keep(tag, this.store.get(tag) === `${tag} odd` ? `${tag} even` : `${tag} odd`);
        return Promise.resolve();
      }
    },
  ],
  [
    'counts, and begins again with what was evicted',
    'gives a tag that was forgotten',
    class extends StoredCoherence {
      protected override make(tag: string) {
        return `${tag} 1`;
      }
    },
  ],
  [
    'counts purges, and begins again with what was evicted',
    'purges a tag that was forgotten',
    class extends StoredCoherence {
      override purge(tags: readonly string[]) {
        for (const tag of tags) this.keep(tag, String(Number(/^\d+$/.exec(this.store.get(tag) ?? '')?.[0] ?? 0) + 1));
        return Promise.resolve();
      }
    },
  ],
  [
    'answers with what it read last when the store is gone',
    'rejects reads and purges when the store cannot be reached',
    class extends StoredCoherence {
      private last: readonly string[] = [];
      override async read(tags: readonly string[]) {
        return (this.last = await super.read(tags).catch(() => this.last));
      }
    },
  ],
  [
    'says that it has purged what the store has not taken',
    'rejects reads and purges when the store cannot be reached',
    class extends StoredCoherence {
      override purge(tags: readonly string[]) {
        return super.purge(tags).catch(() => undefined);
      }
    },
  ],
  [
    'keeps what is used for longer by writing it back',
    'never brings back a token',
    class extends StoredCoherence {
      override async read(tags: readonly string[]) {
        const tokens = await super.read(tags);
        for (const [at, token] of tokens.entries()) this.keep(tags[at] ?? '', token);
        return tokens;
      }
    },
  ],
  [
    'sends a purge again whose answer was lost',
    'never brings back a token',
    class extends StoredCoherence {
      override async purge(tags: readonly string[]) {
        await super.purge(tags);
        const tokens = tags.map((tag) => this.store.get(tag) ?? '');
        void setTimeout(1).then(() => {
          for (const [at, tag] of tags.entries()) this.keep(tag, tokens[at] ?? '');
        });
      }
    },
  ],
];
