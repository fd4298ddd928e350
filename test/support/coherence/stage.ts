/** How a step stands to the others that may happen. */
export interface StepTerms {
  /** It may also never happen. */
  readonly optional?: boolean;
}

/**
 * Where actors meet: whatever one of them awaits is a step, and whoever directs the stage says when it happens. What a step
 * uses of the things that actors share is noted, so that a director can tell which steps might as well change places.
 */
export abstract class Stage {
  /** A step of the actor who is acting. It happens at once, when its turn comes. */
  abstract step<T>(what: string, effect: () => T | Promise<T>, terms?: StepTerms): Promise<T>;

  /** The first step of another actor. */
  abstract enter(actor: string, what: string, effect: () => unknown, terms?: StepTerms): void;

  /** The actor does nothing more: its process has crashed. */
  abstract kill(actor: string): void;

  abstract reads(thing: string): void;
  abstract writes(thing: string): void;
}
