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

/**
 * A granted hop: the message, its `seq`, and the token of the one delivery that may act for it. Of two holders of one message the one
 * that was granted it later holds it, also where the store has lost that grant: a token tells which.
 */
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
  /** What is cached of what it may have changed: purged again when it is replayed. Absent: nothing. */
  readonly tags?: readonly string[];
}

/** Outcomes by the path of their task. */
export type Journal = Readonly<Record<string, RecordedOutcome>>;

/** A line, or a place on it, that is asked for. */
export type ExpectedLine = Pick<HopId, 'workflowId' | 'epoch' | 'line'> & { readonly seq?: number | undefined };

/** How a run can end. */
export type EndStatus = 'completed' | 'failed' | 'cancelled';

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

/**
 * `unknown`: nothing of its main line has been claimed yet, nor was it requeued, or that is forgotten. `delivery_requested`: handed over, and not resumed yet.
 * `cancelling`: it is to be cancelled, and whoever holds it has not heard of that yet.
 */
export type RunStatus = { readonly status: 'unknown' | 'running' | 'delivery_requested' | 'cancelling' } | RunSummary;

/** How a hop left its run to others: what its record must know before anything of it is published. */
export type Departure =
  /** Its parts travel on lines of their own, and meet at a join. */
  | { readonly kind: 'fork'; readonly lines: readonly string[] }
  /** Somebody outside delivers what it has come to, and sends it back. */
  | { readonly kind: 'hand_over' };

/** A part of a fork that has come to its end. */
export interface Arrival {
  /** Names the fork, among all that the run leaves. */
  readonly join: string;
  readonly part: string;
  /** All parts of the fork. */
  readonly of: readonly string[];
  /** JSON. */
  readonly result: unknown;
  /** The message that left the fork. */
  readonly fork: Pick<Holder, 'line' | 'seq'>;
}

/**
 * In this order. `fenced`: another holds the line, or another hop ended the run; nothing was done. `over`: the line that left the fork
 * has gone on since; nothing was kept. `waiting`: other parts have not arrived. `all`: every part has, and each result is the first
 * that its part arrived with.
 */
export type ArrivalAnswer =
  | { readonly kind: 'fenced' | 'over' | 'waiting' }
  | { readonly kind: 'all'; readonly results: Readonly<Record<string, unknown>> };

/** `fenced`: another holds the line, or another hop ended the run; nothing was done. `cancelled`: the run is to be cancelled. */
export type HoldAnswer = 'ok' | 'fenced' | 'cancelled';

/** What a claim asks for. */
export interface ClaimTerms {
  /** Milliseconds for which a grant keeps other deliveries of the same message out, unless extended. */
  readonly leaseMs: number;
  /** Milliseconds since the epoch, by the asking process's clock: kept as {@link Grant.at} if this is the first grant. */
  readonly now: number;
  /** When the run must have ended, milliseconds since the epoch: its record may be forgotten a day later. */
  readonly expiresAt?: number | undefined;
}

/** The answer to a claim. Only a grant lets the message execute. */
export type Claim =
  /** An older message of its line, or another one than the line's current. */
  | { readonly kind: 'stale' }
  /** Another hop ended the run. */
  | { readonly kind: 'ended' }
  /** This very hop ended the run, and may not have told so: execute nothing, publish the terminal again. */
  | ({ readonly kind: 'ended-here'; readonly summary: RunSummary } & Grant)
  /**
   * Another delivery of this message, or an overdue handler of its line, is at work: its lease ends in so many milliseconds,
   * unless it is renewed. No moment, as the store's clock is not the asking process's.
   */
  | { readonly kind: 'busy'; readonly forMs: number }
  /** The run is to be cancelled: execute nothing more, end it. */
  | ({ readonly kind: 'cancelled' } & Grant)
  | ({ readonly kind: 'granted' } & Grant);

/** What the holder of a grant needs: who it is, and what is already done. */
export interface Grant {
  readonly holder: Holder;
  /** What earlier deliveries of this message recorded. */
  readonly journal: Journal;
  /** `now` of the claim that was granted first: the engine's clock, so that a redelivery repeats it. */
  readonly at: number;
  /** An earlier delivery of this message left a fork: it may only send its parts again. */
  readonly left: boolean;
}

/**
 * The run record: one per run, so that a run has one line of execution whatever is delivered twice, late, or after a crash.
 * Every implementation passes the contract suite of `nest-orchestrator/testing`. A method may reject only when the store
 * could not be reached: the caller then knows nothing about the call.
 */
export abstract class StateStore {
  /** Whether it keeps anything: without records a run's parts never leave it, and nothing is fenced. */
  readonly keepsRecords: boolean = true;

  /**
   * Asks to execute a message. Checked in this order: stale, ended, busy, cancelled. A higher `seq` starts an empty journal,
   * a higher epoch reopens an ended run, without its lines, joins and cancel mark.
   */
  abstract claim(hop: HopId, terms: ClaimTerms): Promise<Claim>;

  /**
   * Keeps outcomes, also of a run that is to be cancelled; and how the hop leaves the run. Leaving a fork makes its lines, and
   * is `ok` whether the run is to be cancelled or not: its parts will hear of that.
   */
  abstract record(holder: Holder, outcomes: Journal, departure?: Departure): Promise<HoldAnswer>;

  /**
   * Renews the lease from now on.
   * @param overdue a handler is past its deadline and still runs: until the lease ends the line's next message is busy too
   */
  abstract extend(holder: Holder, leaseMs: number, overdue?: boolean): Promise<HoldAnswer>;

  /**
   * A part of a fork has ended. It may come again, with the same message or a later one of its line: what it came with first counts,
   * and it is told anew how the fork stands. Where messages outlive the record parts that wait do so for as long as the run may live, every 15
   * minutes at least: a record of which they find nothing is begun anew by them, so that of an ended run must be kept for longer than that.
   */
  abstract arrive(holder: Holder, arrival: Arrival): Promise<ArrivalAnswer>;

  /**
   * Whether the record knows that line: a fork was left that it is a part of, it is the main line of a run that was requeued, or a
   * message of it was claimed; with `seq`, none of that place or a later one. Claims nothing.
   */
  abstract expects(line: ExpectedLine): Promise<boolean>;

  /**
   * Ends the run, once: after it every other hop of this epoch is fenced. Repeating it is `ok` for the hop that ended it.
   * `cancelled`: the run is to be cancelled, and the summary says something else; it has not ended.
   */
  abstract end(holder: Holder, summary: RunSummary): Promise<HoldAnswer>;

  /** Marks the run as to be cancelled, also before anybody has claimed it. Changes nothing of one that has ended. */
  abstract cancel(workflowId: string): Promise<RunStatus>;

  /**
   * A run was requeued: until its message is claimed it counts as running, in that epoch. Changes nothing of a run that is as
   * far already.
   */
  abstract reopen(workflowId: string, epoch: number, expiresAt?: number): Promise<void>;

  abstract status(workflowId: string): Promise<RunStatus>;

  /** The highest epoch that was claimed, or reopened: how often the run was requeued. `undefined`: unknown. */
  abstract epoch(workflowId: string): Promise<number | undefined>;

  /** Resolves when the run has ended; rejects with the signal's reason when that aborts first. */
  abstract ended(workflowId: string, signal: AbortSignal): Promise<RunSummary>;

  /**
   * Resolves when the end of a run that `ended` waits for would be heard whole: before it is started. Where that takes time; it
   * rejects never, and does not wait for a store that is away. Default: at once.
   */
  listening(_: string): Promise<void> {
    return Promise.resolve();
  }

  /** Lets go of connections. Called when the service that made the store has handled its last message. */
  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** What `state` of the module's options holds: inert until the module creates the store. */
export interface StateDefinition {
  readonly kind: string;
  create(of: { readonly service: string; readonly namespace: string }): StateStore;
}
