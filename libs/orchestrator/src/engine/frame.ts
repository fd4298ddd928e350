import type { Failure } from '../errors/failure.js';
import type { RetryRecord } from './execution.js';

/** A group that has been entered: its step, and what its step type keeps (see `steps/`). */
export interface Frame {
  readonly step: string;
  /** Entered, and not yet split into parts. */
  fork?: true;
  /** This frame is one part of a fork. */
  part?: Part;
}

/** One part of a fork: a branch, or a lane of a foreach. */
export interface Part {
  readonly name: string;
  /** All parts of the fork, in their order. */
  readonly of: readonly string[];
  /** `seq` of the message that forked. */
  readonly seq: number;
  /** Length of the run's history at the fork: what lies beyond was added by this part. */
  readonly history: number;
  /** Walked parts: those still to come, and those that have ended. */
  readonly ahead?: readonly Frame[];
  readonly done?: readonly Frame[];
}

/** What a part has come to when it arrives at its join. */
export interface PartResult {
  readonly frame: Frame;
  readonly history: readonly RetryRecord[];
  /** The secrets it knows, as JSON pointers. */
  readonly secrets?: readonly string[];
}

/** What a step ended with: an output (`undefined`: none), or a failure that its group was handed. */
export type Ended = { readonly output: unknown; readonly failed?: undefined } | { readonly failed: Failure };
