/**
 * The cookbook document, as JSON has it. Shapes and meaning: `docs/protocol.md`. The JSON Schema (`cookbook.schema.ts`) is
 * the owner of these shapes; the parser normalises other accepted spellings to them, so the rest of the library sees only
 * these.
 */
export interface Cookbook {
  readonly version: string;
  readonly name?: string;
  readonly description?: string;
  readonly metadata?: Readonly<Record<string, unknown>>;
  readonly api_input?: unknown;
  readonly input_schema?: object;
  readonly defaults?: { readonly workspace_id?: CallerId };
  readonly global_retry?: RetryRule;
  readonly global_timeout_ms?: number;
  readonly steps: readonly Step[];
  readonly delivery?: Delivery;
  /** Tenancy and other system keys that messages of the original carry. */
  readonly _system?: Readonly<Record<string, unknown>>;
}

/** A tenant's, workspace's or person's id. */
export type CallerId = string | number;

/** One entry of a cookbook: a task, or control flow around other steps. */
export type Step = TaskStep | GroupStep | ForeachStep | SwitchStep | ForkJoinStep | WaitStep;
export type StepKind = Step['type'];

export interface StepBase {
  /** `[A-Za-z0-9_-]+`, unique in the whole cookbook. */
  readonly step_id: string;
  /** Overrides the run's workspace for this step's handler. */
  readonly workspace_id?: CallerId;
  /** Of a group, for each task in it that says nothing else. */
  readonly retry?: RetryRule;
  /** Milliseconds that an attempt of a handler may take; of a group, of each task in it. */
  readonly timeout_ms?: number;
}

/** Runs one operation of one service. Output: what the handler returned. */
export interface TaskStep extends StepBase {
  readonly type: 'task';
  readonly service: string;
  readonly operation: string;
  readonly input?: unknown;
  readonly mutates?: boolean;
}

/** Control flow may be pinned to a service; else whichever service is at hand evaluates it. */
interface ControlFlowStep extends StepBase {
  readonly service?: string;
}

/** Runs its steps one after another. Output: `{ type, step_id, order, results }`. */
export interface GroupStep extends ControlFlowStep {
  readonly type: 'steps';
  readonly steps: readonly Step[];
}

/** Runs `body` for every item. Output: `{ type, step_id, count, iterations: [{ index, item, outputs }] }`. */
export interface ForeachStep extends ControlFlowStep {
  readonly type: 'foreach';
  /** A reference that resolves to an array. */
  readonly iterator: string;
  readonly body: readonly Step[];
  /** Lanes. Default 1. */
  readonly concurrency?: number;
}

/** Runs the case that `expression` names. Output: `{ type, step_id, expression, value, selectedCase, result }`. */
export interface SwitchStep extends ControlFlowStep {
  readonly type: 'switch';
  readonly expression: string;
  readonly cases: Readonly<Record<string, Step>>;
  readonly default?: Step;
}

/** What a fork comes to: its branches' outputs merged in their order, that of the first or last declared, or all by name. */
export type JoinStrategy = 'merge' | 'first' | 'last' | 'all';

/** Runs its branches beside each other. Output: `{ type, step_id, join: { strategy }, branches, result }`. */
export interface ForkJoinStep extends ControlFlowStep {
  readonly type: 'fork_join';
  /** One step, whose output is the branch's, or a list, whose outputs by id are. */
  readonly branches: Readonly<Record<string, Step | readonly Step[]>>;
  readonly join: { readonly strategy: JoinStrategy };
}

/** Waits, without holding a message. Output: `{ type, step_id, waited_until }`. */
export interface WaitStep extends ControlFlowStep {
  readonly type: 'wait';
  readonly duration_ms?: number;
  /** RFC 3339, or a reference to one. */
  readonly until?: string;
}

/** Where a value is absent the next one outwards counts: the step's, its groups', `global_retry`, the module's. */
export interface RetryRule {
  /** The first included. */
  readonly max_attempts?: number;
  /** The longest delay before the second attempt: the actual one is random, from 0 up to it. */
  readonly delay_ms?: number;
  /** What the longest delay grows by with each further attempt. */
  readonly backoff_multiplier?: number;
  /** What the longest delay grows to at most. */
  readonly max_delay_ms?: number;
}

/** Handed to whoever delivers what the run has come to. */
export interface Delivery {
  /** The top-level step that is told how it went: before it the run is handed over. */
  readonly on_result?: string;
  readonly [key: string]: unknown;
}
