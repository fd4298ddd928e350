import type { Step } from '../../cookbook/cookbook.js';
import type { Limits } from '../../message/limits.js';
import type { Outcome } from '../outcome.js';
import type { Ended, Frame } from '../frame.js';
import type { Key } from '../secrets/place.js';

/** What a step type may ask while it is entered. */
export interface Entering {
  /** Resolves a template of the step, now: helpers must be synchronous here. */
  resolve(template: string): unknown;
  /** Resolves a `switch` expression: a template, a path or a literal. */
  resolveExpression(expression: string): unknown;
  readonly now: number;
  readonly limits: Limits;
}

/** What the inside of a frame can see of it. */
export interface Seen {
  readonly results: Readonly<Record<string, unknown>>;
  /** Of a foreach: the item at hand. */
  readonly item?: { readonly current: unknown; readonly index: number };
}

/**
 * A control-flow step: what it keeps while it is entered (its frame), and how it moves. One file each, pure. Frames travel
 * in messages: single-word keys, JSON values.
 */
export interface StepType<S extends Step, F extends Frame> {
  /** All steps it may run. */
  children(step: S): readonly Step[];
  /** The frame as it is when the step is entered. @throws StepError when the step's own templates make no sense. */
  enter(step: S, entering: Entering): F;
  /** Whether a frame that came in a message is one of this step's. */
  valid(step: S, frame: Readonly<Record<string, unknown>>): boolean;
  /** The child that is to run; `undefined`: finished. */
  child(step: S, frame: F): Step | undefined;
  /** The child has ended. Only the frame of a part is handed a failure. */
  take(step: S, frame: F, child: Step, ended: Ended): void;
  /** What the step comes to, once it has no child left. */
  finish(step: S, frame: F): Outcome;
  /** What stands between the step's id and its child's in a path. */
  label?(frame: F): string;
  sees?(frame: F): Seen;
  /** Not finished before this moment (milliseconds since the epoch). */
  hold?(frame: F): number;
  /** The parts of a frame that was entered with `fork`, by name, in their order. */
  split?(step: S, frame: F, limits: Limits): readonly { readonly name: string; readonly frame: F }[];
  /** A part that has failed, without what it had come to: where the parts together are too large to travel. */
  emptied?(frame: F): F;
  /** The frame after all parts have ended; `parts` are in the order of `split`. */
  merge?(step: S, parts: readonly F[]): F;
  /** The children that come after the one at hand. Default: none. */
  later?(step: S, frame: F): readonly Step[];
  /** Where in the step's output a child's output stands: in one place or in several. */
  outputs?(step: S, child: Step): readonly (readonly Key[])[];
  /** Where in the frame that stands already which will stand there in the step's output. */
  places?(step: S, frame: F, keys: readonly Key[]): readonly (readonly Key[])[];
}

/** Non-negative integer, as frames use for indexes. */
export const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

/** What has no value has no key, as JSON would have it: a run that stays in the process sees what one that travels sees. */
export const withoutUndefined = (record: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined));
