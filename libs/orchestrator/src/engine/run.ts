import type { WorkflowMessage } from '../message/workflow-message.js';
import type { Execution, RetryRecord } from './execution.js';
import type { Frame } from './frame.js';
import type { Plan } from './plan.js';
import type { Place } from './secrets/place.js';
import type { Veil } from './secrets/veil.js';

/**
 * One execution of a cookbook as the engine sees it: where it stands and what is done. Everything in it comes from the
 * message and returns to it, but `plan`, `here` and `now`. `advance` moves its run: copying would cost as much as a step.
 */
export interface Run {
  /** The message it was read from: identity, caller, api_input, from which secrets are removed. */
  message: WorkflowMessage;
  readonly plan: Plan;
  /** The service that holds the message. */
  readonly here: string;
  /** Milliseconds since the epoch: of the message's arrival, then of each outcome. */
  now: number;
  /** `now` as text, once it has been asked for. */
  moment?: { readonly ms: number; readonly text: string };
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
  /** Steps of any type that have ended since the run was read from its message. */
  ended: number;
  /** The groups around the pointer, outermost first. The pointer is the innermost one's child, or `current`. */
  frames: Frame[];
  /** The secrets it holds, as JSON pointers: of steps that were executed, and not removed yet. Replaced, never changed. */
  secrets: readonly string[];
  /** What is known of `secrets`, so that of thousands only the new ones are looked up. */
  known?: KnownSecrets;
}

export interface KnownSecrets {
  /** The list it was made for. */
  readonly secrets: readonly string[];
  /** Over those whose values stay the same. */
  readonly veil: Veil;
  /** The others: of steps within loops. */
  readonly changing: readonly Place[];
}
