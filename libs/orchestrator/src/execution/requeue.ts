import { reentered } from '../engine/parts.js';
import { REDACTED } from '../engine/secrets/place.js';
import { nodeOf } from '../engine/plan.js';
import type { Run } from '../engine/run.js';
import { InvalidArgumentError } from '../errors/invalid-argument.error.js';
import { changed } from '../utils/changed.js';
import { isRecord } from '../utils/is-record.js';
import { listed, suggestion } from '../utils/nearest.js';

/** How a run that failed, or was cancelled, is tried again. */
export interface RequeueOptions {
  /** The top-level step to begin at, one that the run has reached. Default: the step that failed, as it stood. */
  readonly from?: string | undefined;
  /** Takes the place of the run's `api_input`. Default: what it was; without its secrets a run cannot go on. */
  readonly input?: unknown;
}

/**
 * The run as it is tried again: attempts count anew, and a fork that failed is entered anew. Moves `run`.
 * @param expiresAt milliseconds since the epoch: until when it may take this time
 * @throws InvalidArgumentError naming what `from` may be
 */
export function requeued(run: Run, { from, input }: RequeueOptions, expiresAt: number): Run {
  const { message } = run;
  const again = from === undefined ? { ...run, frames: reentered(run) } : begunAt(run, from);
  again.attempt = 1;
  again.history = [...historyOf(again, from), { requeued: true, at: new Date(run.now).toISOString() }];
  const { api_input: before } = message.cookbook as { readonly api_input?: unknown };
  const cookbook = changed(message.cookbook, { api_input: input === undefined ? before : input });
  const changes = from !== undefined || (input !== undefined && !restores(before, input));
  return {
    ...again,
    message: changed(again.message, {
      cookbook,
      epoch: message.epoch + 1,
      redo: message.redo + (changes ? 1 : 0),
      expiresAt,
    }),
  };
}

function historyOf(run: Run, from: string | undefined): Run['history'] {
  if (from === undefined) return run.history;
  return [...(run.executions.get(from)?.retry_history ?? [])];
}

/** Whether an input is the one before, with what was removed from it: then nothing changes but that it is whole again. */
function restores(before: unknown, input: unknown): boolean {
  if (typeof before === 'string' && before.includes(REDACTED)) return true;
  if (Array.isArray(before)) {
    return (
      Array.isArray(input) && input.length === before.length && before.every((each, at) => restores(each, input[at]))
    );
  }
  if (!isRecord(before) || !isRecord(input)) return before === input;
  const keys = Object.keys(before);
  return keys.length === Object.keys(input).length && keys.every((key) => Object.hasOwn(input, key) && restores(before[key], input[key])); // prettier-ignore
}

/** At the beginning of that step, without what came of it and of those after it. */
function begunAt(run: Run, from: string): Run {
  const { order, deliverTo } = run.plan;
  const reached = order.slice(0, order.indexOf(run.current ?? '') + 1);
  if (!reached.includes(from)) {
    const advice = order.includes(from)
      ? `The run has not reached it. It has reached: ${listed(reached)}.`
      : suggestion(from, 'The run has reached', reached);
    throw new InvalidArgumentError(`requeue: "from" must be a top-level step that the run has reached (got "${from}"). ${advice}`); // prettier-ignore
  }
  const dropped = order.slice(order.indexOf(from));
  for (const id of dropped) run.outputs.delete(id);
  for (const id of dropped.slice(1)) run.executions.delete(id);
  const toBeDelivered = deliverTo !== undefined && order.indexOf(from) < order.indexOf(deliverTo);
  const deliveryResult = toBeDelivered ? undefined : run.message.deliveryResult;
  const message = changed(run.message, { currentStep: from, position: undefined, deliveryResult });
  return { ...run, message, current: nodeOf(run.plan, from).step.step_id, frames: [] };
}
