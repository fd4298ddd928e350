import type { ForeachStep } from '../../cookbook/cookbook.js';
import { StepError } from '../../errors/step.error.js';
import { describe } from '../../utils/describe.js';
import { type Failure, isFailure } from '../../errors/failure.js';
import type { Frame } from '../frame.js';
import { isRecord } from '../../utils/is-record.js';
import { isCount, type StepType } from './step-type.js';

interface ForeachFrame extends Frame {
  /** All items, or those of this lane. */
  readonly items: readonly unknown[];
  /** The item at `index` is item `first + index × stride` of the step. */
  readonly first: number;
  readonly stride: number;
  index: number;
  /** Index in the body. */
  at: number;
  /** Outputs of the iteration at hand, by id. */
  results: Record<string, unknown>;
  /** Outputs of the iterations that have ended. */
  done: Record<string, unknown>[];
  /** Of a lane, or after a merge: the iteration that failed, and why. */
  failed?: { readonly index: number; readonly failure: Failure };
}

const indexOf = (frame: ForeachFrame): number => frame.first + frame.index * frame.stride;

/** `foreach`: the body for every item, in lanes when `concurrency` says so. A lane is a foreach over its stripe. */
export const foreach: StepType<ForeachStep, ForeachFrame> = {
  children: (step) => step.body,
  enter(step, entering) {
    const { limits } = entering;
    const items = entering.resolve(step.iterator);
    if (!Array.isArray(items)) {
      throw new StepError(
        `foreach "${step.step_id}": iterator ${step.iterator} must resolve to an array (got ${describe(items)}).`,
      );
    }
    if (items.length > limits.iterations) {
      throw new StepError(
        `foreach "${step.step_id}": ${items.length} items, ${limits.iterations} are allowed. Split the list, or raise limits.iterations.`,
      );
    }
    const forked = Math.min(step.concurrency ?? 1, items.length) > 1;
    return { ...lane(step, items, 0, 1), ...(forked ? { fork: true } : {}) };
  },
  valid: (step, { items, first, stride, index, at, results, done, failed, fork }) =>
    Array.isArray(items) &&
    [first, stride, index, at].every(isCount) &&
    (index as number) <= items.length &&
    (at as number) < step.body.length &&
    isRecord(results) &&
    Array.isArray(done) &&
    (fork !== true || (items.length > 1 && index === 0 && at === 0)) &&
    (done.length === index || failed !== undefined) && // of a merge that failed
    (failed === undefined || (isRecord(failed) && isCount(failed['index']) && isFailure(failed['failure']))),
  child: (step, frame) =>
    frame.failed !== undefined || frame.index >= frame.items.length ? undefined : step.body[frame.at],
  take(step, frame, child, ended) {
    if (ended.failed !== undefined) {
      frame.failed = { index: indexOf(frame), failure: ended.failed };
      return;
    }
    if (ended.output !== undefined) frame.results[child.step_id] = ended.output;
    frame.at += 1;
    if (frame.at < step.body.length) return;
    frame.done.push(frame.results);
    frame.results = {};
    frame.index += 1;
    frame.at = 0;
  },
  finish(step, { items, done, failed }) {
    if (failed !== undefined) return { kind: 'failed', failure: failed.failure };
    const iterations = done.map((outputs, index) => ({ index, item: items[index], outputs }));
    return {
      kind: 'completed',
      output: { type: 'foreach', step_id: step.step_id, count: items.length, iterations },
    };
  },
  label: (frame) => `[${indexOf(frame)}]`,
  sees: (frame) => ({ results: frame.results, item: { current: frame.items[frame.index], index: indexOf(frame) } }),
  split(step, { items }, limits) {
    const lanes = Math.min(step.concurrency ?? 1, items.length, limits.branches);
    return Array.from({ length: lanes }, (_, first) => ({
      name: String(first),
      frame: lane(step, items.filter((__, index) => index % lanes === first), first, lanes), // prettier-ignore
    }));
  },
  emptied: (frame) => ({ ...frame, items: [], index: 0, at: 0, results: {}, done: [] }),
  merge(step, lanes) {
    const interleave = <T>(lists: readonly (readonly T[])[]): T[] => {
      const length = Math.max(0, ...lists.map((list) => list.length));
      return Array.from({ length }, (_, row) => lists.flatMap((list) => list.slice(row, row + 1))).flat();
    };
    const items = interleave(lanes.map((each) => each.items));
    const failures = lanes.flatMap(({ failed }) => (failed === undefined ? [] : [failed]));
    const failed = failures.sort((a, b) => a.index - b.index)[0];
    const merged = {
      ...lane(step, items, 0, 1),
      index: items.length,
      done: interleave(lanes.map((each) => each.done)),
    };
    return failed === undefined ? merged : { ...merged, failed };
  },
  outputs: (_, child) => [['iterations', null, 'outputs', child.step_id]],
  places(_, { first, stride, index }, [list, number, what, ...keys]) {
    if (list !== 'iterations' || number === undefined) return [];
    const at = number === null ? null : (Number(number) - first) / stride;
    if (at !== null && !isCount(at)) return []; // another lane's
    const own = at === null ? null : String(at);
    if (what === 'item') return [['items', own, ...keys]];
    if (what !== 'outputs') return [];
    return at === null || at === index ? [['done', own, ...keys], ['results', ...keys]] : [['done', own, ...keys]]; // prettier-ignore
  },
};

function lane(step: ForeachStep, items: readonly unknown[], first: number, stride: number): ForeachFrame {
  return { step: step.step_id, items, first, stride, index: 0, at: 0, results: {}, done: [] };
}
