import type { Cookbook, RetryRule, Step } from '../cookbook/cookbook.js';
import type { Limits } from '../message/limits.js';
import { compile, type Template } from '../references/template.js';
import type { Helpers } from '../references/scope.js';
import type { Path } from '../references/syntax.js';
import type { Failure, FailureSource } from '../errors/failure.js';
import { referencesOf, type SensitiveFields, type Sensitivity, sensitivityOf } from './secrets/sensitivity.js';
import { type AnyStepType, stepTypeOf } from './steps/index.js';

/** A cookbook, prepared once: its steps by id, with what holds for each. Shared by all runs of the cookbook. */
export interface Plan {
  readonly cookbook: Cookbook;
  readonly nodes: ReadonlyMap<string, PlanNode>;
  /** Ids of the top-level steps, in their order. */
  readonly order: readonly string[];
  /** The top-level step that is told how the delivery of the run's output went; the run is handed over before it. */
  readonly deliverTo: string | undefined;
  /** The tasks whose operations are known to have sensitive fields: found when they are first asked for. */
  readonly secretive: () => readonly PlanNode[];
  readonly environment: Environment;
}

/** What the application gives the engine: pure functions and bounds. */
export interface Environment {
  readonly helpers: Helpers;
  readonly limits: Limits;
  /** The module's retry rule: the outermost. */
  readonly retry: RetryPolicy;
  /** Turns what a step's own templates threw into a failure. */
  classify(error: unknown, source: FailureSource): Failure;
  /** Default: no operation has sensitive fields. */
  readonly sensitiveFields?: SensitiveFields;
}

/** Milliseconds. */
export interface RetryPolicy {
  readonly maxAttempts: number;
  readonly baseDelay: number;
  readonly maxDelay: number;
  readonly multiplier: number;
}

export interface PlanNode {
  readonly step: Step;
  /** `undefined` for a task. */
  readonly type: AnyStepType | undefined;
  /** The next top-level step; `undefined` for the last, and for nested steps. */
  readonly next: string | undefined;
  /** The step that holds it; `undefined` at the top level. */
  readonly parent: string | undefined;
  readonly retry: RetryPolicy;
  /** Milliseconds that an attempt may take; `undefined`: the module's. */
  readonly timeout: number | undefined;
  /** A task's input, compiled when it is first needed. */
  readonly input: () => Template;
  /** What its own templates refer to, and what of its input is secret: found when it is first asked for. */
  readonly references: () => readonly Path[];
  readonly sensitivity: () => Sensitivity;
}

/** @param cookbook parsed: its ids are unique and its shapes are right */
export function planOf(cookbook: Cookbook, environment: Environment): Plan {
  const nodes = new Map<string, PlanNode>();
  const add = (step: Step, outer: Pick<PlanNode, 'retry' | 'timeout' | 'parent'>, next?: string): void => {
    const retry = within(outer.retry, step.retry);
    const timeout = step.timeout_ms ?? outer.timeout;
    const type = step.type === 'task' ? undefined : stepTypeOf(step);
    nodes.set(step.step_id, {
      step,
      type,
      next,
      parent: outer.parent,
      retry,
      timeout,
      input: once(() => compile(step.type === 'task' ? step.input : undefined)),
      references: once(() => referencesOf(step)),
      sensitivity: once(() => sensitivityOf(step, environment.sensitiveFields)),
    });
    if (step.type === 'task') return;
    for (const child of stepTypeOf(step).children(step)) add(child, { retry, timeout, parent: step.step_id });
  };
  const outermost = { retry: within(environment.retry, cookbook.global_retry), timeout: undefined, parent: undefined };
  cookbook.steps.forEach((step, index) => {
    add(step, outermost, cookbook.steps[index + 1]?.step_id);
  });
  const order = cookbook.steps.map((step) => step.step_id);
  const secretive = once(() => [...nodes.values()].filter(({ sensitivity }) => sensitivity().fields.length > 0));
  return { cookbook, nodes, order, deliverTo: cookbook.delivery?.on_result, secretive, environment };
}

/** The node of a step that is known to be in the plan. */
export function nodeOf(plan: Plan, stepId: string): PlanNode {
  const node = plan.nodes.get(stepId);
  if (node === undefined) throw new TypeError(`The plan has no step "${stepId}".`);
  return node;
}

/** Milliseconds before the attempt that follows the `attempt`th, without jitter. */
export function backOff(policy: RetryPolicy, attempt: number): number {
  if (policy.baseDelay === 0) return 0; // whatever it is multiplied by, infinity too
  return Math.min(policy.baseDelay * policy.multiplier ** (attempt - 1), policy.maxDelay);
}

function within(outer: RetryPolicy, rule: RetryRule | undefined): RetryPolicy {
  if (rule === undefined) return outer;
  return {
    maxAttempts: rule.max_attempts ?? outer.maxAttempts,
    baseDelay: rule.delay_ms ?? outer.baseDelay,
    maxDelay: rule.max_delay_ms ?? Math.max(outer.maxDelay, rule.delay_ms ?? 0),
    multiplier: rule.backoff_multiplier ?? outer.multiplier,
  };
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
