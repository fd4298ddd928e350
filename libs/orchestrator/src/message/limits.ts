/** Upper bounds on what a run may hold. Every one is an option of the module (`limits`); each breach names the limit. */
export interface Limits {
  /** Bytes of an outgoing message. */
  readonly messageBytes: number;
  /** Bytes of an incoming message. Default: a quarter above `messageBytes`, so that what one service may send every other accepts. */
  readonly incomingBytes: number;
  /** Nesting of JSON values in a message. */
  readonly depth: number;
  /** JSON values in a message. */
  readonly nodes: number;
  /** Steps in a cookbook, nested ones included. */
  readonly steps: number;
  /** Nesting of steps. */
  readonly nesting: number;
  /** Items of a `foreach`. */
  readonly iterations: number;
  /** Branches of a `fork_join`, lanes of a `foreach`. */
  readonly branches: number;
  /** Forwards in a row without a completed step. */
  readonly hops: number;
  /** Attempts that a `retry` may ask for. */
  readonly attempts: number;
  /** Milliseconds from start to the end of a run. */
  readonly lifetime: number;
  /** References in one resolved input. */
  readonly references: number;
  /** Bytes of one resolved input. */
  readonly inputBytes: number;
}

const MIB = 1024 * 1024;

export const DEFAULT_LIMITS: Limits = {
  messageBytes: MIB,
  incomingBytes: 1.25 * MIB,
  depth: 32,
  nodes: 200_000,
  steps: 200,
  nesting: 8,
  iterations: 1_000,
  branches: 32,
  hops: 10,
  attempts: 20,
  lifetime: 7 * 24 * 60 * 60 * 1_000,
  references: 64,
  inputBytes: MIB,
};

/** Names that must never become property keys: refused as step ids, branch names and case names. */
export const FORBIDDEN_KEYS: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);
