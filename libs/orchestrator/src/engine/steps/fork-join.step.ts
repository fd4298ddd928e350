import type { ForkJoinStep, JoinStrategy, Step } from '../../cookbook/cookbook.js';
import type { Ended, Frame } from '../frame.js';
import { isFailure } from '../../errors/failure.js';
import { isRecord } from '../../utils/is-record.js';
import { isCount, type StepType, withoutUndefined } from './step-type.js';

interface ForkJoinFrame extends Frame {
  /** Of one branch: its name, the index in its list, and the outputs so far. */
  readonly branch?: string;
  at?: number;
  results?: Record<string, unknown>;
  /** Of one branch: what it has come to. */
  ended?: Ended;
  /** After the merge: every branch, in the order they are declared. */
  readonly all?: readonly (readonly [name: string, ended: Ended])[];
}

/** The steps of one branch; an unknown name has none. */
const listOf = (step: ForkJoinStep, name: string | undefined): readonly Step[] => {
  if (name === undefined || !Object.hasOwn(step.branches, name)) return [];
  const branch = step.branches[name] ?? [];
  return Array.isArray(branch) ? (branch as readonly Step[]) : [branch as Step];
};
const isList = (step: ForkJoinStep, name: string | undefined): boolean =>
  name !== undefined && Array.isArray(step.branches[name]);

/** Without a slash: the last one of a line stands before its part, whatever branches are called. */
const partNameOf = (branch: string): string => branch.replaceAll('~', '~0').replaceAll('/', '~1');

const isEnded = (value: unknown): boolean =>
  isRecord(value) && (value['failed'] === undefined || isFailure(value['failed']));

/** `fork_join`: every branch, then one result by the join strategy. All branches settle before the step fails. */
export const forkJoin: StepType<ForkJoinStep, ForkJoinFrame> = {
  children: (step) => Object.keys(step.branches).flatMap((name) => listOf(step, name)),
  enter: (step) => ({ step: step.step_id, fork: true }),
  valid(step, { branch, at, results, fork, ended, all }) {
    if (fork === true) return true;
    if (all !== undefined) return Array.isArray(all) && all.every((each) => Array.isArray(each) && isEnded(each[1]));
    if (typeof branch !== 'string' || listOf(step, branch).length === 0) return false;
    return isCount(at) && isRecord(results) && (ended === undefined || isEnded(ended));
  },
  child: (step, frame) => (frame.ended === undefined ? listOf(step, frame.branch)[frame.at ?? 0] : undefined),
  take(step, frame, child, ended) {
    if (ended.failed !== undefined) {
      frame.ended = ended;
    } else if (isList(step, frame.branch)) {
      const results = (frame.results ??= {});
      if (ended.output !== undefined) results[child.step_id] = ended.output;
      frame.at = (frame.at ?? 0) + 1;
      if (frame.at < listOf(step, frame.branch).length) return;
      frame.ended = { output: results };
      frame.results = {}; // once is enough
    } else {
      frame.ended = { output: ended.output };
    }
  },
  finish(step, { all = [] }) {
    const failed = all.find(([, ended]) => ended.failed !== undefined)?.[1].failed;
    if (failed !== undefined) return { kind: 'failed', failure: failed };
    const outputs = all.map(([name, ended]) => [name, 'output' in ended ? ended.output : undefined] as const);
    const branches = withoutUndefined(Object.fromEntries(outputs));
    const { strategy } = step.join;
    const result = joined(strategy, outputs);
    const output = { type: 'fork_join', step_id: step.step_id, join: { strategy }, branches, result };
    return { kind: 'completed', output: withoutUndefined(output) };
  },
  label: (frame) => (frame.branch === undefined ? '' : `.${frame.branch}`),
  sees: (frame) => ({ results: frame.results ?? {} }),
  split: (step) =>
    Object.keys(step.branches).map((branch) => ({
      name: partNameOf(branch),
      frame: { step: step.step_id, branch, at: 0, results: {} },
    })),
  emptied: (frame) => ({ ...frame, results: {} }),
  merge: (step, branches) => ({
    step: step.step_id,
    all: branches.map(({ branch = '', ended = { output: undefined } }) => [branch, ended] as const),
  }),
  outputs(step, child) {
    const names = Object.keys(step.branches);
    const name = names.find((each) => listOf(step, each).some(({ step_id: id }) => id === child.step_id)) ?? '';
    const own = isList(step, name) ? [child.step_id] : [];
    return [['branches', name, ...own], ...resultsOf(step.join.strategy, name, names).map((at) => [...at, ...own])];
  },
  places(_, { branch, all = [] }, [first, name, ...keys]) {
    if (first !== 'branches') return [];
    const merged = all.findIndex(([each]) => each === name);
    if (merged >= 0) return [['all', String(merged), '1', 'output', ...keys]];
    return branch === name ? [['results', ...keys], ['ended', 'output', ...keys]] : []; // prettier-ignore
  },
};

/** Where `result` holds the output of a branch. */
function resultsOf(strategy: JoinStrategy, name: string, names: readonly string[]): readonly (readonly string[])[] {
  switch (strategy) {
    case 'all':
      return [['result', name]];
    case 'first':
      return name === names[0] ? [['result']] : [];
    case 'last':
      return name === names.at(-1) ? [['result']] : [];
    case 'merge':
      return [['result']]; // its keys, among those of the others
  }
}

function joined(strategy: JoinStrategy, outputs: readonly (readonly [string, unknown])[]): unknown {
  switch (strategy) {
    case 'all':
      return withoutUndefined(Object.fromEntries(outputs));
    case 'first':
      return outputs[0]?.[1];
    case 'last':
      return outputs.at(-1)?.[1];
    case 'merge':
      return merged(outputs.map(([, output]) => output));
  }
}

/** Folds outputs in the order of their branches; what is no object adds nothing. Own keys only, even `__proto__`. */
function merged(outputs: readonly unknown[]): Record<string, unknown> {
  const objects = outputs.filter((output) => typeof output === 'object' && output !== null);
  return Object.fromEntries(objects.flatMap((output) => Object.entries(output)));
}
