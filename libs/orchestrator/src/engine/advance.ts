import type { Step } from '../cookbook/cookbook.js';
import type { WorkflowMessage } from '../message/workflow-message.js';
import { resolveExpression } from '../references/expression.js';
import type { ReferenceMode } from '../references/scope.js';
import { compile } from '../references/template.js';
import type { Failure } from '../errors/failure.js';
import type { Outcome } from './outcome.js';
import { mark, recordOf } from './bookkeeping.js';
import { deliveryError } from './delivery.js';
import { joinWalked, travellingPart, travels, walkOn } from './parts.js';
import { backOff, nodeOf, type Plan } from './plan.js';
import { groupOf, pathOf, pointer } from './position.js';
import type { Ended, Frame } from './frame.js';
import { learn, redact, veiled } from './secrets/redact.js';
import type { Run } from './run.js';
import { RunScope } from './run-scope.js';
import type { Entering } from './steps/step-type.js';
import type { Transition } from './transition.js';

/** What a run that has just been read from its message does next. */
export function resume(run: Run): Transition {
  const refusal = deliveryError(run.message, run.plan);
  return refusal === undefined ? proceed(run) : stop(run, run.plan.environment.classify(refusal, 'engine'));
}

/** What a run does next, now that the task at its pointer has come to an outcome. Moves `run`. */
export function advance(run: Run, outcome: Outcome): Transition {
  const step = pointer(run);
  if (step === undefined) throw new TypeError('advance: there is no task at the pointer.');
  learn(run, step);
  if (outcome.kind === 'completed') {
    run.attempt = 1;
    return end(run, step, { output: outcome.output });
  }
  const failure = located(run, step, outcome.failure);
  run.history.push(recordOf(run, failure));
  const { retry } = nodeOf(run.plan, step.step_id);
  if (failure.retryable && run.attempt < retry.maxAttempts) {
    const ms = backOff(retry, run.attempt);
    run.attempt += 1;
    mark(run, 'retrying');
    return { kind: 'delay', run, ms, ...(failure.after === undefined ? {} : { after: failure.after }) };
  }
  run.attempt = 1;
  return fail(run, failure, run.frames.length);
}

/**
 * Ends a run, where it stands, for a reason that no step of it gave; one that already says where is left as it is. A part
 * that travels does not end its run: it arrives as failed.
 */
export function stop(run: Run, failure: Failure): Transition {
  const whole = locatedHere(run, failure);
  const part = travellingPart(run);
  return part === undefined ? failed(run, whole) : fail(run, whole, part + 1);
}

/** Ends a run one of whose parts cannot even tell that it failed. It stands before the outermost fork, to be requeued from there. */
export function abandon(run: Run, failure: Failure): Transition {
  const outermost = run.frames.findIndex(travels);
  if (outermost >= 0) run.frames.length = outermost;
  run.attempt = 1;
  return failed(run, locatedHere(run, failure));
}

/** The failure of a run where it stands, unless it says where. */
function locatedHere(run: Run, failure: Failure): Failure {
  if (failure.path !== undefined) return failure;
  const step = pointer(run);
  if (step !== undefined) return located(run, step, failure);
  // Nothing is at the pointer: the group that is about to end, or to fork, or that waits.
  const depth = Math.max(run.frames.length - 1, 0);
  const id = run.frames[depth]?.step ?? run.current ?? run.message.currentStep;
  return located(run, nodeOf(run.plan, id).step, failure, depth);
}

/** Moves between two pauses: some milliseconds' worth. */
const MOVES = 2_000;

/** Interprets control flow until something must happen outside the engine. */
function proceed(run: Run): Transition {
  for (let moves = 0; moves < MOVES; moves += 1) {
    const frame = run.frames.at(-1);
    if (frame?.fork) return { kind: 'fork', run, join: pathOf(run, frame.step, run.frames.length - 1) };

    const step = pointer(run);
    if (step === undefined) {
      if (frame === undefined) return complete(run);
      const closed = close(run, frame);
      if (closed !== undefined) return closed;
      continue;
    }
    if (frame === undefined) {
      const { deliverTo } = run.plan;
      if (step.step_id === deliverTo && run.message.deliveryResult === undefined) return handOver(run);
      if (run.executions.get(step.step_id)?.status !== 'running') mark(run, 'running');
    }
    if (step.type === 'task') {
      return { kind: 'execute', run, step, path: pathOf(run, step.step_id), service: step.service };
    }
    if (step.service !== undefined && step.service !== run.here) return { kind: 'forward', run, service: step.service };
    const refused = enter(run, step);
    if (refused !== undefined) return refused;
  }
  return { kind: 'pause', run };
}

/** Pushes the step's frame; a step that cannot be entered fails. */
function enter(run: Run, step: Step): Transition | undefined {
  try {
    const { type } = nodeOf(run.plan, step.step_id);
    if (type !== undefined) run.frames.push(type.enter(step as Parameters<typeof type.enter>[0], entering(run, step)));
    return undefined;
  } catch (error) {
    const failure = veiled(run, located(run, step, run.plan.environment.classify(error, 'engine')));
    run.history.push(recordOf(run, failure));
    return fail(run, failure, run.frames.length);
  }
}

/** The innermost frame has no child left: holds, ends a part, or ends its step. `undefined`: the run goes on. */
function close(run: Run, frame: Frame): Transition | undefined {
  const { step, type } = groupOf(run.plan, frame);
  const until = type.hold?.(frame);
  if (until !== undefined && until > run.now) return { kind: 'delay', run, until };

  const { part } = frame;
  if (part?.ahead !== undefined) {
    if (!walkOn(run, part)) joinWalked(run, part);
    return undefined;
  }
  if (part !== undefined) {
    const { part: _, ...rest } = frame;
    const join = pathOf(run, frame.step, run.frames.length - 1);
    const secrets = run.secrets.length === 0 ? {} : { secrets: run.secrets };
    const result = { frame: rest, history: run.history.slice(part.history), ...secrets };
    return { kind: 'arrive', run, join, part: part.name, of: part.of, result };
  }
  const outcome = type.finish(step, frame);
  if (outcome.kind === 'failed') return fail(run, outcome.failure, run.frames.length - 1);
  run.frames.pop();
  take(run, step, { output: outcome.output });
  return undefined;
}

/** The step at the pointer has ended; whoever is around it takes what it came to, and the run goes on. */
function end(run: Run, step: Step, ended: Ended): Transition {
  take(run, step, ended);
  return proceed(run);
}

/** Whoever is around the step takes what it came to; what no step needs any more is removed. */
function take(run: Run, step: Step, ended: Ended): void {
  const { current } = run;
  store(run, step, ended);
  redact(run, current);
}

function store(run: Run, step: Step, ended: Ended): void {
  run.ended += 1;
  const frame = run.frames.at(-1);
  if (frame !== undefined) {
    const group = groupOf(run.plan, frame);
    group.type.take(group.step, frame, step, ended);
    return;
  }
  if (ended.failed === undefined && ended.output !== undefined) run.outputs.set(step.step_id, ended.output);
  mark(run, 'completed');
  run.current = nodeOf(run.plan, step.step_id).next;
  run.history = [];
}

/**
 * A step that stands within the outer `level` frames has failed. The innermost part around it takes the failure; with none,
 * the run fails as it stands, so that it can be requeued from here.
 */
function fail(run: Run, failure: Failure, level: number): Transition {
  for (let depth = level; depth > 0; depth -= 1) {
    const frame = run.frames[depth - 1];
    if (frame?.part === undefined) continue;
    const inner = run.frames[depth]?.step;
    // A part that has already ended has no step at its pointer: any of its group's stands for it.
    const step = inner === undefined ? (pointer(run) ?? childrenOf(run.plan, frame)[0]) : nodeOf(run.plan, inner).step;
    run.frames.length = depth;
    if (step !== undefined) take(run, step, { failed: failure });
    return proceed(run);
  }
  return failed(run, failure);
}

function childrenOf(plan: Plan, frame: Frame): readonly Step[] {
  const { step, type } = groupOf(plan, frame);
  return type.children(step);
}

function failed(run: Run, failure: Failure): Transition {
  mark(run, 'failed');
  return { kind: 'fail', run, failure };
}

function complete(run: Run): Transition {
  const last = run.plan.order.at(-1);
  return { kind: 'complete', run, output: last === undefined ? undefined : run.outputs.get(last) };
}

/** The run has come to the step that is told how its delivery went. */
function handOver(run: Run): Transition {
  const before = run.plan.order[run.plan.order.indexOf(run.current ?? '') - 1];
  return { kind: 'hand_over', run, output: before === undefined ? undefined : run.outputs.get(before) };
}

function located(run: Run, step: Step, failure: Failure, depth = run.frames.length): Failure {
  const path = pathOf(run, step.step_id, depth);
  return { ...failure, step: step.step_id, path, attempts: run.attempt, ref: errorRef(run, path) };
}

/** Under which an attempt's error is in the log. */
export function errorRef({ message: { workflowId, epoch }, attempt }: Run, path: string): string {
  return `${workflowId}/${epoch}/${path}/${attempt}`;
}

function entering(run: Run, step: Step): Entering {
  const { helpers, limits } = run.plan.environment;
  const scope = new RunScope(run, { service: run.here, step_id: step.step_id, workflow_id: run.message.workflowId });
  const options = { mode: modeOf(run.message), helpers, limits } as const;
  return {
    now: run.now,
    limits,
    resolve: (template) => compile(template).resolveNow(scope, { ...options, copy: false }),
    resolveExpression: (expression) => resolveExpression(expression, scope, options),
  };
}

/** Messages of the original resolve leniently; a message of ours says so when it does. */
export function modeOf({ protocol, lenient }: WorkflowMessage): ReferenceMode {
  return protocol === undefined || lenient === true ? 'lenient' : 'strict';
}
