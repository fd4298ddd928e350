import { Clock } from '../../../libs/orchestrator/src/utils/clock.js';
import { History, type Versions } from './history.js';
import type { Stage } from './stage.js';

/** What is read and changed. */
export class Database {
  constructor(
    private readonly stage: Stage,
    private readonly history: History,
  ) {}

  /** The versions of these cells, all as they are at one moment. */
  read(...cells: readonly string[]): Promise<Versions> {
    return this.stage.step(`reads ${cells.join(' and ')}`, () => {
      for (const cell of cells) this.stage.reads(`cell ${cell}`);
      return Object.fromEntries(cells.map((cell) => [cell, this.history.versionOf(cell)]));
    });
  }

  /** @param mutation its number in the history */
  commit(mutation: number, cell: string): Promise<number> {
    return this.stage.step(`commits ${cell}`, () => {
      this.stage.writes(`cell ${cell}`);
      return this.history.commit(mutation, cell);
    });
  }
}

/** A store of entries, or of whatever else: it may lose what it holds. */
export class Store {
  private readonly held = new Map<string, unknown>();
  private readonly sets: (readonly [key: string, value: unknown])[] = [];

  constructor(private readonly stage: Stage) {}

  get(key: string): Promise<unknown> {
    return this.stage.step(`gets ${nameOf(key)}`, () => {
      this.stage.reads('store');
      this.stage.reads(key);
      return this.held.get(key);
    });
  }

  set(key: string, value: unknown): Promise<boolean> {
    return this.stage.step(`sets ${nameOf(key)}`, () => {
      this.put(key, value);
      return true;
    });
  }

  delete(key: string): Promise<void> {
    return this.stage.step(`deletes ${nameOf(key)}`, () => {
      this.stage.reads('store');
      this.stage.writes(key);
      this.held.delete(key);
    });
  }

  /** Adds one, in one step; what is not there counts as 0. */
  increment(key: string): Promise<void> {
    return this.stage.step(`increments ${nameOf(key)}`, () => {
      this.put(key, Number(this.held.get(key) ?? 0) + 1);
    });
  }

  /** Loses everything whose key begins so. */
  evict(prefix = ''): void {
    this.stage.writes('store');
    for (const key of this.held.keys()) if (key.startsWith(prefix)) this.held.delete(key);
  }

  /** A client sends the first set once more, because it has not seen the reply. */
  repeat(): void {
    this.stage.writes('store');
    const [first] = this.sets;
    if (first !== undefined) this.held.set(...first);
  }

  private put(key: string, value: unknown): void {
    this.stage.reads('store');
    this.stage.writes(key);
    this.held.set(key, value);
    this.sets.push([key, value]);
  }
}

/** Keys of the step cache say nothing to whoever reads a schedule. */
const nameOf = (key: string): string => (key.startsWith('workflow:') ? 'an entry' : key);

/** Time that moves when it is told to. */
export class StageClock extends Clock {
  private time = 0;

  constructor(private readonly stage: Stage) {
    super();
  }

  override now(): number {
    this.stage.reads('the time');
    return this.time;
  }

  override monotonic(): number {
    return this.time;
  }

  /** Nothing takes so long. */
  override after(): () => void {
    return () => undefined;
  }

  pass(ms: number): void {
    this.stage.writes('the time');
    this.time += ms;
  }
}

/** What protocols are made of, and what their promise is about. */
export class World {
  readonly history = new History();
  readonly database: Database;
  readonly store: Store;
  readonly clock: StageClock;

  constructor(readonly stage: Stage) {
    this.database = new Database(stage, this.history);
    this.store = new Store(stage);
    this.clock = new StageClock(stage);
  }
}

/** What may be asked for: a cell, as somebody spells its name; or some. */
export type Question = string | readonly string[];

/** A way to cache reads, and to keep what is cached from being old. */
export interface Protocol {
  read(question: Question): Promise<Versions>;
  /** Resolves when the mutation may be acknowledged. @param mutation its number in the history */
  mutate(cell: string, mutation: number): Promise<void>;
  /** Its counters or tokens are lost. */
  forget(): void;
  /** What it says it did. */
  readonly told?: readonly string[];
}

export type ProtocolOf = (world: World) => Protocol;
