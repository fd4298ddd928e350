import { COMPLETED, DELIVERY_REQUESTED, FAILED } from '../destinations.js';
import type { OutgoingMessage } from '../workflow.transport.js';

/** How much is kept, unless the broker is told otherwise. */
const BOUNDS = { perTopic: 1_000, characters: 64 * 1024 * 1024 };

interface Kept {
  readonly message: OutgoingMessage;
  /** Tells which of the topics' oldest is the oldest. */
  readonly arrival: number;
}
type Topic = Map<string, Kept>;

/**
 * The newest terminals and hand-overs, which nobody may be subscribed to: so many of each topic, and so many characters of
 * bodies over all, so that neither many runs nor large ones fill the process.
 */
export class MemoryTerminals {
  private readonly topics: ReadonlyMap<string, Topic> = new Map(
    [COMPLETED, FAILED, DELIVERY_REQUESTED].map((name) => [name, new Map()]),
  );
  private readonly bounds: typeof BOUNDS;
  private arrivals = 0;
  private characters = 0;

  constructor(bounds: Partial<typeof BOUNDS> = {}) {
    this.bounds = { ...BOUNDS, ...bounds };
  }

  /** Keeps it if it is of one of the topics; of those with one `messageId`, which say the same, the last. */
  keep(message: OutgoingMessage): void {
    const topic = this.topics.get(message.destination);
    if (topic === undefined) return;
    this.forget(message);
    topic.set(message.messageId, { message, arrival: (this.arrivals += 1) });
    this.characters += message.body.length;
    if (topic.size > this.bounds.perTopic) this.forgetOldest([topic]);
    while (this.characters > this.bounds.characters) this.forgetOldest(this.topics.values());
  }

  /** Those of a topic, oldest first. */
  of(destination: string): readonly OutgoingMessage[] {
    return [...(this.topics.get(destination)?.values() ?? [])].map(({ message }) => message);
  }

  /** Takes one away, if it is there. */
  remove(destination: string, messageId: string): void {
    const kept = this.topics.get(destination)?.get(messageId);
    if (kept !== undefined) this.forget(kept.message);
  }

  private forgetOldest(topics: Iterable<Topic>): void {
    let oldest: Kept | undefined;
    for (const topic of topics) {
      const [first] = topic.values();
      if (first !== undefined && first.arrival < (oldest?.arrival ?? Infinity)) oldest = first;
    }
    if (oldest !== undefined) this.forget(oldest.message);
  }

  private forget({ destination, messageId }: OutgoingMessage): void {
    const topic = this.topics.get(destination);
    this.characters -= topic?.get(messageId)?.message.body.length ?? 0;
    topic?.delete(messageId);
  }
}
