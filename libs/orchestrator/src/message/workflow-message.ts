/** A JSON object whose shape another layer knows. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** Whom a run acts for, as the message says it. Absent: nobody. */
export interface Caller {
  readonly tenantId?: string | number | undefined;
  readonly workspaceId?: string | number | undefined;
  readonly personId?: string | number | undefined;
}

/** The highest `protocol` this version understands. */
export const PROTOCOL = 1;

/**
 * A run on the wire, decoded: the envelope in camelCase, the cookbook with its outputs as the JSON document it is. The
 * codec alone knows the snake_case spelling (`docs/protocol.md`).
 */
export interface WorkflowMessage extends Caller {
  readonly workflowId: string;
  readonly correlationId: string;
  /** The definition, `api_input`, and per top-level step `output` and `_execution`. */
  readonly cookbook: JsonObject;
  /** The top-level step at which the run stands. */
  readonly currentStep: string;
  /** Attempt of the task at the pointer, from 1. Absent in messages of the original. */
  readonly attempt?: number;
  /** The groups around the pointer, outermost first. Absent at a top-level step. */
  readonly position?: { readonly frames: readonly JsonObject[] } | undefined;

  /** How the delivery of the run's output went: `status`, and what else its deliverer says. */
  readonly deliveryResult?: JsonObject | undefined;

  /** The smallest version whose features this message uses. Absent: a message of the original. */
  readonly protocol?: number;
  /** Says that references resolve leniently although the message has a `protocol`. */
  readonly lenient?: true | undefined;
  /** +1 at every requeue. */
  readonly epoch: number;
  /** +1 at a requeue that changes what is run: part of the idempotency key. */
  readonly redo: number;
  /** `''` for the main line, else `<path>@<seq>/<part>`. */
  readonly line: string;
  /** +1 for every newly built message of a line. Absent in messages of the original. */
  readonly seq?: number;
  /** Random per newly built message; kept when the same message is merely moved. Of the original's: derived from its text. */
  readonly hopId: string;
  /** Forwards in a row without a completed step. */
  readonly hops: number;
  /** Milliseconds since the epoch. */
  readonly expiresAt?: number;
  readonly traceparent?: string | undefined;
  readonly tracestate?: string | undefined;
  readonly replyTo?: string;

  /** Where its secrets stand, as JSON pointers: those that steps were given, and that are not removed yet. */
  readonly secrets?: readonly string[] | undefined;
  /** Outcomes by path that were executed and that the record of this line does not know yet. */
  readonly carry?: JsonObject | undefined;
  /** What must be purged before anything else is done with it: the step cache could not be reached. */
  readonly purgeDebt?: readonly string[] | undefined;
  /** Milliseconds since the epoch: since when the next destination could not be reached. */
  readonly unroutableSince?: number | undefined;
  /** Milliseconds since the epoch: since when its part has ended, and waits for the others of its fork. */
  readonly waitingSince?: number | undefined;
  /** Keys this version does not know, kept as they came. */
  readonly rest?: JsonObject;
}
