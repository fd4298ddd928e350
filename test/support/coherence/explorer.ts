import { setImmediate } from 'node:timers';
import { Stage, type StepTerms } from './stage.js';

/** What a play came to, once nothing is left to happen. */
export interface Ending {
  readonly violations: readonly string[];
  /** Whatever else tells one ending from another. */
  readonly outcome?: string;
}

/** Sets the stage, and says how to judge the end. */
export type Play = (stage: Stage) => () => Ending;

export interface Exploration {
  /** Schedules that were played to their end. */
  readonly schedules: number;
  /** Those of them whose end violates something. */
  readonly violating: number;
  /** The first violation, after the steps that led to it. */
  readonly example: readonly string[];
  readonly outcomes: ReadonlySet<string>;
}

export interface ExplorationTerms {
  /** Whether schedules are left out that differ from another in the order of independent steps alone. Default `true`. */
  readonly reduced?: boolean;
  /** The steps that every schedule begins with, in words. */
  readonly after?: readonly string[];
  /** Whether it ends with the first violation. Default `false`. */
  readonly untilViolation?: boolean;
}

/** What a step, with all that follows from it at once, used of what is shared. `true`: it changed it. */
type Footprint = ReadonlyMap<string, boolean>;

/** A moment of a schedule. */
interface Moment {
  readonly possible: readonly string[];
  /** Steps that need not be taken here: each has been, from here or from where it would have come to the same. */
  readonly asleep: Map<string, Footprint>;
  taken: string;
  footprint: Footprint;
}

/**
 * Plays every order in which the steps can happen, depth first; each schedule begins anew (stateless model checking, as in
 * VeriSoft, Godefroid 1997). Of schedules that differ in the order of independent steps alone one is played (sleep sets).
 */
export async function explore(
  play: Play,
  { reduced = true, after = [], untilViolation = false }: ExplorationTerms = {},
): Promise<Exploration> {
  const path: Moment[] = [];
  const outcomes = new Set<string>();
  let [schedules, violating] = [0, 0];
  let example: readonly string[] = [];
  do {
    const stage = new DirectedStage();
    const judge = play(stage);
    for (const step of after) await stage.takeNamed(step);
    if (!(await perform(stage, path, reduced))) continue;
    schedules += 1;
    const { violations, outcome } = judge();
    if (outcome !== undefined) outcomes.add(outcome);
    if (violations.length === 0) continue;
    violating += 1;
    if (example.length === 0) example = [...stage.taken, ...violations];
    if (untilViolation) break;
  } while (backtrack(path));
  return { schedules, violating, example, outcomes };
}

/** Plays one schedule: as `path` says, and from its end on the first that is new. `false`: what is left has been played. */
async function perform(stage: DirectedStage, path: Moment[], reduced: boolean): Promise<boolean> {
  for (let at = 0; !stage.isOver; at += 1) {
    const moment = path[at] ?? momentAfter(path[at - 1], stage.possible, reduced);
    if (moment === undefined) return false;
    path[at] = moment;
    moment.footprint = await stage.take(moment.taken);
  }
  return true;
}

function momentAfter(before: Moment | undefined, possible: readonly string[], reduced: boolean): Moment | undefined {
  const asleep = new Map<string, Footprint>();
  for (const [step, footprint] of before?.asleep ?? [])
    if (reduced && before !== undefined && areIndependent(footprint, before.footprint)) asleep.set(step, footprint);
  const taken = possible.find((step) => !asleep.has(step));
  return taken === undefined ? undefined : { possible, asleep, taken, footprint: new Map() };
}

/** Takes back the last steps, up to where another can be taken. */
function backtrack(path: Moment[]): boolean {
  for (let last = path.at(-1); last !== undefined; last = path.at(-1)) {
    const { asleep, possible } = last;
    asleep.set(last.taken, last.footprint);
    const next = possible.find((step) => !asleep.has(step));
    if (next !== undefined) {
      last.taken = next;
      return true;
    }
    path.pop();
  }
  return false;
}

function areIndependent(one: Footprint, other: Footprint): boolean {
  for (const [thing, changed] of one) {
    const changedToo = other.get(thing);
    if (changedToo !== undefined && (changed || changedToo)) return false;
  }
  return true;
}

interface Pending {
  readonly actor: string;
  readonly what: string;
  readonly optional: boolean;
  readonly happen: () => void;
}

class DirectedStage extends Stage {
  /** In words. */
  readonly taken: string[] = [];
  private readonly pending = new Map<string, Pending>();
  private readonly dead = new Set<string>();
  private acting = '';
  private steps = 0;
  private footprint = new Map<string, boolean>();

  get isOver(): boolean {
    for (const { optional } of this.pending.values()) if (!optional) return false;
    return true;
  }

  get possible(): readonly string[] {
    return [...this.pending.keys()];
  }

  /** Lets it happen, and all that follows from it without another step. */
  async take(id: string): Promise<Footprint> {
    const step = this.pending.get(id);
    if (step === undefined) throw new Error(`Step ${id} is not there: the play is not the same each time.`);
    this.pending.delete(id);
    this.acting = step.actor;
    this.footprint = new Map([[`actor ${step.actor}`, true]]); // what one does has its order
    this.taken.push(`${step.actor} ${step.what}`);
    step.happen();
    await new Promise((resolve) => setImmediate(resolve));
    return this.footprint;
  }

  /** @throws Error where no step is called so */
  async takeNamed(name: string): Promise<void> {
    const [id] = [...this.pending].find(([, { actor, what }]) => `${actor} ${what}` === name) ?? [];
    await this.take(id ?? name);
  }

  override step<T>(what: string, effect: () => T | Promise<T>, { optional = false }: StepTerms = {}): Promise<T> {
    const { acting: actor } = this;
    if (this.dead.has(actor)) return new Promise(() => undefined);
    return new Promise((resolve) => {
      const happen = (): void => {
        // What it throws is what it rejects with.
        const happening = new Promise<T>((done) => {
          done(effect());
        });
        resolve(happening);
      };
      this.pending.set(String((this.steps += 1)), { actor, what, optional, happen });
    });
  }

  override enter(actor: string, what: string, effect: () => unknown, { optional = false }: StepTerms = {}): void {
    const happen = (): void => void effect();
    this.pending.set(String((this.steps += 1)), { actor, what, optional, happen });
  }

  override kill(actor: string): void {
    this.writes(`actor ${actor}`);
    this.dead.add(actor);
    for (const [id, step] of this.pending) if (step.actor === actor) this.pending.delete(id);
  }

  override reads(thing: string): void {
    if (!this.footprint.has(thing)) this.footprint.set(thing, false);
  }

  override writes(thing: string): void {
    this.footprint.set(thing, true);
  }
}
