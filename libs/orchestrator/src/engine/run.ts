import type { WorkflowMessage } from '../message/workflow-message.js';
import type { Failure } from './outcome.js';
import type { Plan } from './plan.js';

/**
 * One execution of a cookbook as the engine sees it: where it stands and what is done. Everything in it comes from the
 * message and returns to it, but `plan`, `here` and `now`. `advance` moves its run: copying would cost as much as a step.
 */
export interface Run {
  /** The message it was read from: identity, caller, api_input. */
  readonly message: WorkflowMessage;
  readonly plan: Plan;
  /** The service that holds the message. */
  readonly here: string;
  /** Milliseconds since the epoch: of the message's arrival, then of each outcome. */
  now: number;
  /** Outputs of top-level steps, by id. */
  readonly outputs: Map<string, unknown>;
  /** Bookkeeping of top-level steps, by id. */
  readonly executions: Map<string, Execution>;
  /** The top-level step at which the run stands; `undefined` when all are done. */
  current: string | undefined;
  /** Attempt of the task at the pointer, from 1. */
  attempt: number;
  /** Failed attempts within the current top-level step. */
  history: RetryRecord[];
  /** The groups around the pointer, outermost first. The pointer is the innermost one's child, or `current`. */
  frames: Frame[];
}

/** `cookbook.steps[i]._execution`, in the original's shape. */
export interface Execution {
  readonly status: 'running' | 'retrying' | 'completed' | 'failed';
  readonly started_at?: string;
  readonly completed_at?: string;
  readonly duration_ms?: number;
  readonly retry_history?: readonly RetryRecord[];
}

/** One failed attempt; other records that messages of the original carry (`requeued`, …) are kept as they are. */
export interface RetryRecord {
  readonly attempt?: number;
  readonly path?: string;
  readonly error?: string;
  readonly error_ref?: string;
  readonly error_type?: string;
  readonly error_code?: string | null;
  readonly status_code?: number | null;
  readonly details?: unknown;
  readonly at?: string;
  readonly requeued?: true;
}

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
}

/** What a step ended with: an output (`undefined`: none), or a failure that its group was handed. */
export type Ended = { readonly output: unknown; readonly failed?: undefined } | { readonly failed: Failure };
