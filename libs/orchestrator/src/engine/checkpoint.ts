import { InvalidMessageError } from '../errors/invalid-message.error.js';
import type { Step } from '../cookbook/cookbook.js';
import type { JsonObject, WorkflowMessage } from '../message/workflow-message.js';
import { changed } from '../utils/changed.js';
import { describe } from '../utils/describe.js';
import { withResult } from './delivery.js';
import { lineOf } from './parts.js';
import type { Plan } from './plan.js';
import { groupOf } from './position.js';
import type { Execution, RetryRecord } from './execution.js';
import type { Frame } from './frame.js';
import type { Run } from './run.js';
import { isRecord } from '../utils/is-record.js';
import { isHeld, union } from './secrets/redact.js';
import { isCount } from './steps/step-type.js';

/**
 * The run that a message holds.
 * @param now milliseconds since the epoch, of the message's arrival
 * @throws InvalidMessageError when it stands where its cookbook has no place, or its frames do not nest
 */
export function restore(received: WorkflowMessage, plan: Plan, here: string, now: number): Run {
  const message = withResult(received, plan);
  const { currentStep } = message;
  if (!plan.order.includes(currentStep)) {
    throw new InvalidMessageError(
      'current_step',
      `names no top-level step of the cookbook (got ${describe(currentStep)}).`,
    );
  }
  const outputs = new Map<string, unknown>();
  const executions = new Map<string, Execution>();
  for (const step of topLevel(message)) {
    const id = step['step_id'] as string;
    if (Object.hasOwn(step, 'output')) outputs.set(id, step['output']);
    if (isRecord(step['_execution'])) executions.set(id, executionOf(step['_execution']));
  }
  const history = [...(executions.get(currentStep)?.retry_history ?? [])];
  // Frames are moved; the message they came in is not.
  const frames = message.position === undefined ? [] : (structuredClone(message.position.frames) as unknown as Frame[]);
  const attempt = message.attempt ?? attemptAfter(history);
  const run: Run = {
    message,
    plan,
    here,
    now,
    outputs,
    executions,
    current: currentStep,
    attempt,
    history,
    frames,
    ended: 0,
    secrets: message.secrets ?? [],
  };
  checkNesting(run);
  checkLine(run);
  for (const { redacted } of executions.values()) {
    if (redacted === undefined) continue;
    // What a requeue gave again is a secret again.
    const given = redacted.filter((pointer) => isHeld(run, pointer));
    run.secrets = union(run.secrets, given);
  }
  return run;
}

/** Bookkeeping comes from outside, and stops no run: what is no record of an attempt, and no pointer, is left out. */
function executionOf(found: Record<string, unknown>): Execution {
  const { retry_history: history, redacted, ...others } = found;
  const isPointer = (each: unknown): boolean => typeof each === 'string';
  const whole =
    (history === undefined || (Array.isArray(history) && history.every(isRecord))) &&
    (redacted === undefined || (Array.isArray(redacted) && redacted.every(isPointer)));
  if (whole) return found as unknown as Execution;
  return {
    ...(others as unknown as Execution),
    ...(Array.isArray(history) && { retry_history: history.filter(isRecord) }),
    ...(Array.isArray(redacted) && { redacted: redacted.filter(isPointer) as string[] }),
  };
}

/** What the run's next message holds of it. */
export function checkpoint(
  run: Run,
): Pick<WorkflowMessage, 'cookbook' | 'currentStep' | 'attempt' | 'position' | 'secrets'> {
  const { message, outputs, executions, frames } = run;
  const steps = topLevel(message).map((step) => {
    const id = step['step_id'] as string;
    const output = outputs.get(id);
    const execution = executions.get(id);
    if (step['output'] === output && step['_execution'] === execution) return step;
    if (output !== undefined) return changed(step, { output, _execution: execution });
    const { output: _, ...others } = step; // a run that is requeued from an earlier step has forgotten it
    return changed(others, { _execution: execution });
  });
  const current = run.current === undefined ? undefined : executions.get(run.current);
  const position = frames.length === 0 ? undefined : { frames: frames as unknown as JsonObject[] };
  const cookbook = changed(message.cookbook, { steps: withHistory(steps, run, current) });
  const currentStep = run.current ?? run.plan.order.at(-1) ?? message.currentStep;
  const secrets = run.secrets.length === 0 ? undefined : run.secrets;
  return { cookbook, currentStep, attempt: run.attempt, position, secrets };
}

/** The current step's failed attempts, also those since its bookkeeping was last marked. */
function withHistory(steps: readonly JsonObject[], run: Run, current: Execution | undefined): readonly JsonObject[] {
  if (run.history.length === 0 || current?.retry_history === run.history) return steps;
  const execution = { status: 'running', ...current, retry_history: run.history };
  return steps.map((step) => (step['step_id'] === run.current ? { ...step, _execution: execution } : step));
}

/** Top-level steps as the message has them. The plan was made from the same document, so these are objects with ids. */
const topLevel = (message: WorkflowMessage): readonly JsonObject[] =>
  message.cookbook['steps'] as readonly JsonObject[];

/** Messages of the original carry no attempt: it follows the failed ones since the last requeue. */
function attemptAfter(history: readonly RetryRecord[]): number {
  const requeued = history.findLastIndex((record) => record.requeued === true);
  return history.slice(requeued + 1).filter((record) => isCount(record.attempt)).length + 1;
}

/** Frames come from outside: each must be its type's, stand in the one before, and only the innermost may be a fork. */
function checkNesting(run: Run): void {
  let expected: string | undefined = run.message.currentStep;
  run.frames.forEach((frame, depth) => {
    const where = `position.frames[${depth}]`;
    if (frame.step !== expected) throw new InvalidMessageError(where, `must be the frame of ${describe(expected)} (got ${describe(frame.step)}).`); // prettier-ignore
    if (!isFrame(run.plan, frame) || !isPart(run.plan, frame)) throw new InvalidMessageError(where, `is no frame of step "${frame.step}".`); // prettier-ignore
    expected = frame.fork ? undefined : childOf(run.plan, frame)?.step_id;
  });
}

function childOf(plan: Plan, frame: Frame): Step | undefined {
  const { step, type } = groupOf(plan, frame);
  return type.child(step, frame);
}

function isFrame(plan: Plan, frame: unknown): frame is Frame {
  if (!isRecord(frame) || typeof frame['step'] !== 'string') return false;
  const { step, type } = plan.nodes.get(frame['step']) ?? {};
  if (step === undefined || step.type === 'task' || type === undefined) return false;
  const { fork, part } = frame;
  if (fork !== undefined && (fork !== true || type.split === undefined || part !== undefined)) return false;
  return type.valid(step, frame);
}

/** The line is that of the position: whoever forges one would claim another's place. */
function checkLine(run: Run): void {
  const line = lineOf(run);
  if (run.message.line !== line)
    throw new InvalidMessageError('line', `must be ${describe(line)}, where its position stands (got ${describe(run.message.line)}).`); // prettier-ignore
}

/** A part that is walked knows the parts to come, and those that have ended; one that travels does not. */
function isPart(plan: Plan, { step, part }: Frame): boolean {
  if (part === undefined) return true;
  const { name, of, seq, history, ahead, done } = Object(part) as Record<string, unknown>;
  const isSister = (frame: unknown): frame is Frame => isFrame(plan, frame) && frame.step === step;
  if (!Array.isArray(of) || !of.includes(name) || ![seq, history].every(isCount)) return false;
  if (ahead === undefined && done === undefined) return true;
  return (
    Array.isArray(ahead) &&
    ahead.every((frame) => isSister(frame) && isRecord(frame.part)) &&
    Array.isArray(done) &&
    done.every((frame) => isSister(frame) && frame.part === undefined)
  );
}
