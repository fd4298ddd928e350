import { hash, randomUUID } from 'node:crypto';
import { Logger } from '@nestjs/common';
import QuickLRU from 'quick-lru';
import { Coherence } from '../coherence.js';
import type { Tag } from '../tags.js';
import { RedisConnection } from './redis.connection.js';
import type { RedisTarget } from './redis-cache.options.js';
import { readTokens, replaceTokens, type TokenTerms } from './token.scripts.js';

/** Of how many tags a process knows the name of their key, and when their token was last kept for longer. */
const KNOWN_TAGS = 50_000;

/** Whose tokens they are, and for how long. */
export interface TokensOf {
  readonly service: string;
  readonly namespace: string;
  /** Milliseconds for which an answer is served at most, of all operations. */
  readonly longestTtl: () => number;
}

interface KnownTag {
  readonly key: string;
  /** By `performance.now()`: from when on its token is to be kept for longer. */
  due: number;
}

interface Waiting {
  readonly tags: readonly Tag[];
  readonly resolve: (tokens: readonly string[]) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Tokens that processes share by one Redis: its primary. What each asks in one turn of its event loop goes there as one command.
 * A token is read with the epoch, the replication id of the server, so that all of them are others after a failover, or a start
 * without data or with older data: what was purged before is never served again, even if the purge was lost.
 */
export class RedisCoherence extends Coherence {
  override readonly shared = true;
  private readonly logger = new Logger('StepCache');
  private readonly connection: RedisConnection;
  private readonly known = new QuickLRU<Tag, KnownTag>({ maxSize: KNOWN_TAGS });
  private waiting: Waiting[] = [];
  /** Why the server does not tell the epoch. */
  private withoutEpoch = '';
  /** Milliseconds. Known once all operations are. */
  private kept: number | undefined;

  constructor(
    private readonly target: RedisTarget,
    private readonly of: TokensOf,
  ) {
    super();
    this.connection = new RedisConnection(target, {
      what: `the tokens of service "${of.service}"`,
      withoutIt: 'reads are executed, and what cannot be purged is not acknowledged (cache.whenPurgeFails)',
      check: async (client) => {
        const { why } = await readTokens(client, [], { unique: '', kept: 0 }, 0);
        this.hear(why);
      },
    });
  }

  override read(tags: readonly Tag[]): Promise<readonly string[]> {
    if (tags.length === 0) return Promise.resolve([]);
    return new Promise((resolve, reject) => {
      // Once everything that this turn brings has asked.
      if (this.waiting.length === 0) setImmediate(() => void this.answer());
      this.waiting.push({ tags, resolve, reject });
    });
  }

  override async purge(tags: readonly Tag[]): Promise<void> {
    if (tags.length === 0) return;
    await this.connection.ready();
    await replaceTokens(
      this.connection.client,
      tags.map((tag) => this.knownOf(tag).key),
      this.terms(),
    );
  }

  override sharedWith(other: Coherence): boolean {
    return (
      other instanceof RedisCoherence &&
      other.target.place === this.target.place &&
      other.of.namespace === this.of.namespace
    );
  }

  override close(): Promise<void> {
    this.connection.close();
    return Promise.resolve();
  }

  /** Everybody who has asked so far. */
  private async answer(): Promise<void> {
    const { waiting } = this;
    this.waiting = [];
    try {
      const tokens = await this.fetch(new Set(waiting.flatMap(({ tags }) => tags)));
      for (const { tags, resolve } of waiting) resolve(tags.map((tag) => tokens.get(tag) ?? ''));
    } catch (error) {
      for (const { reject } of waiting) reject(error);
    }
  }

  private async fetch(tags: ReadonlySet<Tag>): Promise<ReadonlyMap<Tag, string>> {
    const terms = this.terms();
    const now = performance.now();
    const [due, others]: [Tag[], Tag[]] = [[], []];
    for (const tag of tags) {
      const known = this.knownOf(tag);
      (known.due > now ? others : due).push(tag);
      if (known.due <= now) known.due = now + terms.kept / 4;
    }
    const all = [...due, ...others];
    const keys = all.map((tag) => this.knownOf(tag).key);
    const { epoch, why, tokens } = await readTokens(this.connection.client, keys, terms, due.length);
    this.hear(why);
    return new Map(all.map((tag, at) => [tag, `${epoch}:${tokens[at] ?? ''}`]));
  }

  private terms(): TokenTerms {
    // Twice as long as any answer that carries them. One that is gone is replaced by a new one: answers are made again, then.
    this.kept ??= Math.ceil(2 * this.of.longestTtl());
    return { unique: randomUUID(), kept: this.kept };
  }

  private knownOf(tag: Tag): KnownTag {
    let known = this.known.get(tag);
    if (known === undefined) {
      known = { key: keyOf(this.of.namespace, tag), due: 0 };
      this.known.set(tag, known);
    }
    return known;
  }

  private hear(why: string): void {
    if (why === this.withoutEpoch) return;
    this.withoutEpoch = why;
    if (why === '') {
      this.logger.log(`${this.target.place} tells its replication id again: a failover is noticed.`);
      return;
    }
    this.logger.warn(
      `${this.target.place} does not tell its replication id (${why}). A failover, or a start from an older snapshot, that loses a ` +
        'purge is not noticed then: reads may be old for as long as their ttl. Allow the command INFO (ACL: +info).',
    );
  }
}

/** One slot for all tags of a namespace, and nothing of a tag itself: it holds ids, may be long, or be a pattern to somebody. */
const keyOf = (namespace: string, tag: Tag): string =>
  `workflow:{${namespace}}:tag:${hash('sha256', JSON.stringify(tag), 'base64url')}`;
