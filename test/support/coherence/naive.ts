import type { Versions } from './history.js';
import type { Protocol, Question, World } from './world.js';

/** What it costs to see that it is old: nothing of these four does. */
interface Stored {
  readonly value: Versions;
  readonly generation?: unknown;
}

abstract class Naive implements Protocol {
  constructor(protected readonly world: World) {}

  abstract read(question: Question): Promise<Versions>;
  abstract mutate(cell: string, mutation: number): Promise<void>;

  forget(): void {
    this.world.store.evict('generation');
  }

  protected execute(question: Question): Promise<Versions> {
    return this.world.database.read(...[question].flat());
  }
}

/** A mutation deletes the entry: one that is filled meanwhile comes after it. */
export class PurgeByDelete extends Naive {
  override async read(question: Question): Promise<Versions> {
    const { store } = this.world;
    const key = `entry ${String(question)}`;
    const stored = (await store.get(key)) as Stored | undefined;
    if (stored !== undefined) return stored.value;
    const value = await this.execute(question);
    await store.set(key, { value });
    return value;
  }

  override async mutate(cell: string, mutation: number): Promise<void> {
    await this.world.database.commit(mutation, cell);
    await this.world.store.delete(`entry ${cell}`);
  }
}

/** Entries carry a generation of their cell, read before they are made. */
abstract class ByGeneration extends Naive {
  override async read(question: Question): Promise<Versions> {
    const { store } = this.world;
    const [key, of] = [`entry ${String(question)}`, `generation ${String(question)}`];
    const [stored, generation = 0] = await Promise.all([store.get(key) as Promise<Stored | undefined>, store.get(of)]);
    if (stored !== undefined && stored.generation === generation) return stored.value;
    const value = await this.execute(question);
    await store.set(key, { value, generation });
    return value;
  }
}

/** A mutation makes a new generation before it commits, and none after: an entry that is filled between the two is old. */
export class PurgeBefore extends ByGeneration {
  private generations = 0;

  override async mutate(cell: string, mutation: number): Promise<void> {
    await this.world.store.set(`generation ${cell}`, `another ${(this.generations += 1)}`);
    await this.world.database.commit(mutation, cell);
  }

  /** Random ones do not come back. */
  override forget(): void {
    // nothing to be seen here
  }
}

/** The generation is a counter: one that is lost begins anew, and what was old is current again. */
export class CountedGenerations extends ByGeneration {
  override async mutate(cell: string, mutation: number): Promise<void> {
    await this.world.database.commit(mutation, cell);
    await this.world.store.increment(`generation ${cell}`);
  }
}
