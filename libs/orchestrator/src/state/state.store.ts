import type { Failure } from '../errors/failure.js';
import type { Outcome } from '../engine/outcome.js';

/** Which message asks: every call names it. */
export interface HopId {
  readonly workflowId: string;
  readonly epoch: number;
  readonly line: string;
  /** `undefined` in a message of the original: the store gives it what its `hopId` claimed before, else the next. */
  readonly seq: number | undefined;
  readonly hopId: string;
}

/** A granted hop: the message, its `seq`, and the random token of the one delivery that may act for it. */
export interface Holder extends HopId {
  readonly seq: number;
  readonly token: string;
}

/** What a task came to, as it is kept: a redelivery replays it instead of executing. */
export interface RecordedOutcome {
  readonly outcome: Outcome;
  readonly attempt: number;
  /** Milliseconds since the epoch, when it was known. */
  readonly at: number;
}

/** Outcomes by the path of their task. */
export type Journal = Readonly<Record<string, RecordedOutcome>>;

/** How a run can end. */
export type EndStatus = 'completed' | 'failed';

/** What remains of a run that has ended. Larger than 64 kB: without output and steps, and `truncated`. */
export interface RunSummary {
  readonly status: EndStatus;
  /** Output of the last step. */
  readonly output?: unknown;
  /** Outputs by id of top-level step. */
  readonly steps?: Readonly<Record<string, unknown>>;
  readonly failure?: Failure | undefined;
  readonly truncated?: true;
}

/** `unknown`: not yet claimed by any service, or forgotten. */
export type RunStatus = { readonly status: 'unknown' } | { readonly status: 'running' } | RunSummary;

/** The answer to a claim. Only a grant lets the message execute. */
export type Claim =
  /** An older message of its line, or another one than the line's current. */
  | { readonly kind: 'stale' }
  /** Another hop ended the run. */
  | { readonly kind: 'ended' }
  /** This very hop ended the run, and may not have told so: execute nothing, publish the terminal again. */
  | ({ readonly kind: 'ended-here'; readonly summary: RunSummary } & Grant)
  /** Another delivery of this message is at work until then (milliseconds since the epoch). */
  | { readonly kind: 'busy'; readonly until: number }
  | ({ readonly kind: 'granted' } & Grant);

/** What the holder of a grant needs: who it is, and what is already done. */
export interface Grant {
  readonly holder: Holder;
  /** What earlier deliveries of this message recorded. */
  readonly journal: Journal;
  /** `now` of the claim that was granted first: the engine's clock, so that a redelivery repeats it. */
  readonly at: number;
}

/**
 * The run record: one per run, so that a run has one line of execution whatever is delivered twice, late, or after a crash.
 * Every implementation passes the contract suite of `nest-orchestrator/testing`. A method may reject only when the store
 * could not be reached: the caller then knows nothing about the call.
 */
export abstract class StateStore {
  /**
   * Asks to execute a message. Checked in this order: stale, ended, busy. A higher `seq` starts an empty journal, a higher
   * epoch reopens an ended run.
   * @param leaseMs how long the grant keeps other deliveries of the same message out, unless extended
   * @param now milliseconds since the epoch, by the asking process's clock: kept as {@link Grant.at} if this is the first grant
   */
  abstract claim(hop: HopId, leaseMs: number, now: number): Promise<Claim>;

  /** Keeps outcomes. `fenced`: another holds the line, or another hop ended the run; nothing was kept. */
  abstract record(holder: Holder, outcomes: Journal): Promise<'ok' | 'fenced'>;

  /** Renews the lease from now on. */
  abstract extend(holder: Holder, leaseMs: number): Promise<'ok' | 'fenced'>;

  /** Ends the run, once: after it every other hop of this epoch is fenced. Repeating it is `ok` for the hop that ended it. */
  abstract end(holder: Holder, summary: RunSummary): Promise<'ok' | 'fenced'>;

  abstract status(workflowId: string): Promise<RunStatus>;

  /** Resolves when the run has ended; rejects with the signal's reason when that aborts first. */
  abstract ended(workflowId: string, signal: AbortSignal): Promise<RunSummary>;

  /** Lets go of connections. Called when the service that made the store has handled its last message. */
  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** What `state` of the module's options holds: inert until the module creates the store. */
export interface StateDefinition {
  readonly kind: string;
  create(service: string): StateStore;
}
