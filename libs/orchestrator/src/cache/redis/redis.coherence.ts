import { hash, randomUUID } from 'node:crypto';
import { Logger } from '@nestjs/common';
import QuickLRU from 'quick-lru';
import { RedisConnection } from '../../utils/redis-connection.js';
import { Coherence } from '../coherence.js';
import type { Tag } from '../tags.js';
import { cacheClient } from './cache.client.js';
import type { RedisTarget } from './redis-cache.options.js';
import { readTokens, replaceTokens, type TokenTerms } from './token.scripts.js';

/** Of how many tags a process knows the name of their key, and when their token was last kept for longer. */
const KNOWN_TAGS = 50_000;

/** Milliseconds for which a service counts as one that shares the tokens, once it has said so; and until it says so again. */
const [SHOWN_FOR, SHOWN_AGAIN] = [60_000, 20_000];

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
  /** In which it was asked for last, and as which of its keys. */
  batch: Batch | undefined;
  at: number;
}

/** Everything that is asked in one turn of the event loop. */
class Batch {
  readonly keys: string[] = [];
  /** Which of them are to be kept for longer. */
  readonly due: number[] = [];
  readonly waiting: Waiting[] = [];
}

interface Waiting {
  /** Which of the batch's keys. */
  readonly asked: readonly number[];
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
  private batch: Batch | undefined;
  /** Why the server does not tell the epoch. */
  private withoutEpoch = '';
  private showing: NodeJS.Timeout | undefined;
  /** Milliseconds. Known once all operations are. */
  private kept: number | undefined;

  constructor(
    private readonly target: RedisTarget,
    private readonly of: TokensOf,
  ) {
    super();
    this.connection = new RedisConnection(cacheClient(target), target.place, {
      what: `the tokens of service "${of.service}"`,
      withoutIt: 'reads are executed, and what cannot be purged is not acknowledged (cache.whenPurgeFails)',
      check: async (client) => {
        // A key of the namespace: one node of a cluster does not take any.
        const { why } = await readTokens(client, [keyOf(of.namespace, '')], { unique: '', kept: 1 }, []);
        this.hear(why);
      },
    });
  }

  override read(tags: readonly Tag[]): Promise<readonly string[]> {
    if (tags.length === 0) return Promise.resolve([]);
    const batch = (this.batch ??= this.begin());
    const asked = tags.map((tag) => this.join(batch, this.knownOf(tag)));
    return new Promise((resolve, reject) => batch.waiting.push({ asked, resolve, reject }));
  }

  override async purge(tags: readonly Tag[]): Promise<void> {
    if (tags.length === 0) return;
    const client = await this.connection.ready();
    await replaceTokens(client, tags.map((tag) => this.knownOf(tag).key), this.terms); // prettier-ignore
  }

  override sharedWith(other: Coherence): boolean {
    return (
      other instanceof RedisCoherence &&
      other.target.place === this.target.place &&
      other.of.namespace === this.of.namespace
    );
  }

  override show(): void {
    const say = (): void => {
      this.connection
        .ready()
        .then((client) => client.set(this.shownAs(this.of.service), '1', 'PX', SHOWN_FOR))
        .catch(() => undefined); // the log has it of the connection
    };
    say();
    this.showing ??= setInterval(say, SHOWN_AGAIN).unref();
  }

  override async isShownBy(service: string): Promise<boolean> {
    const client = await this.connection.ready();
    return (await client.exists(this.shownAs(service))) === 1;
  }

  override close(): Promise<void> {
    clearInterval(this.showing);
    this.connection.close();
    return Promise.resolve();
  }

  private shownAs(service: string): string {
    return `workflow:{${this.of.namespace}}:shares:${service}`;
  }

  /** It is sent once everything that this turn brings has asked. */
  private begin(): Batch {
    const batch = new Batch();
    setImmediate(() => {
      this.batch = undefined;
      void this.answer(batch);
    });
    return batch;
  }

  /** @returns as which of the batch's keys */
  private join(batch: Batch, known: KnownTag): number {
    if (known.batch === batch) return known.at;
    [known.batch, known.at] = [batch, batch.keys.length];
    batch.keys.push(known.key);
    const now = performance.now();
    if (known.due <= now) {
      known.due = now + this.terms.kept / 4;
      batch.due.push(known.at);
    }
    return known.at;
  }

  private async answer({ keys, due, waiting }: Batch): Promise<void> {
    try {
      if (this.connection.isComing) await this.connection.ready(); // else the first reads of a process would be as if it were away
      const { epoch, why, tokens } = await readTokens(this.connection.client, keys, this.terms, due);
      this.hear(why);
      const whole = tokens.map((token) => `${epoch}:${token}`);
      for (const { asked, resolve } of waiting) resolve(asked.map((at) => whole[at] ?? ''));
    } catch (error) {
      for (const { reject } of waiting) reject(error);
    }
  }

  private get terms(): TokenTerms {
    // Twice as long as any answer that carries them. One that is gone is replaced by a new one: answers are made again, then.
    this.kept ??= Math.ceil(2 * this.of.longestTtl());
    return { unique: randomUUID(), kept: this.kept };
  }

  private knownOf(tag: Tag): KnownTag {
    let known = this.known.get(tag);
    if (known === undefined) {
      known = { key: keyOf(this.of.namespace, tag), due: 0, batch: undefined, at: 0 };
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

/** One slot for all tags of a namespace, and 132 bits of a hash instead of a tag: it holds ids, may be long, or be a pattern. */
const keyOf = (namespace: string, tag: Tag): string =>
  `workflow:{${namespace}}:tag:${hash('sha256', JSON.stringify(tag), 'base64url').slice(0, 22)}`;
