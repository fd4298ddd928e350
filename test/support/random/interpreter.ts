import type { Cookbook, ForkJoinStep, Step, TaskStep } from '../../../libs/orchestrator/src/cookbook/cookbook.js';
import { answer, type Answer, type OperationName } from './library.js';

/** One call of a handler. */
export interface Call {
  readonly service: string;
  readonly operation: string;
  readonly path: string;
  readonly attempt: number;
  readonly input: unknown;
}

/** Calls in the order they must happen; the parts of a `par` in any order. */
export type Trace = { readonly call: Call } | { readonly seq: Trace[] } | { readonly par: Trace[] };

export interface Interpretation {
  readonly status: 'completed' | 'failed';
  readonly output?: unknown;
  /** Outputs of top-level steps. */
  readonly steps: Record<string, unknown>;
  readonly failure?: { readonly path: string; readonly code: string; readonly attempts: number };
  readonly trace: Trace;
}

/** What an operation answers. */
export type Answers = (operation: OperationName, input: unknown, attempt: number, path: string) => Answer;

/** What the interpreter, which knows no time, has for moments; as long as one, so that texts that hold it are as long. */
const SOME_TIME = 'YYYY-MM-DDThh:mm:ss.mmmZ';

/** A value as JSON, without what the interpreter cannot know. */
export function timeless(value: unknown): string {
  return JSON.stringify(value ?? null).replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g, SOME_TIME);
}

class Failed extends Error {
  constructor(
    readonly path: string,
    readonly code: string,
    readonly attempts: number,
  ) {
    super(code);
  }
}

type Scope = Readonly<Record<string, unknown>> & { readonly steps: Readonly<Record<string, unknown>> };
interface Rules {
  readonly attempts: number;
  readonly answers: Answers;
}

/**
 * Runs a cookbook by recursion, with nothing of the library: what it should come to, which calls it makes and in which order.
 * References are those of the generator: `{{a.b}}`, alone or in text.
 */
export function interpret(
  cookbook: Cookbook,
  input: unknown,
  workflowId: string,
  answers: Answers = (operation, given, attempt) => answer(operation, given, attempt),
  attempts = 3,
): Interpretation {
  const steps: Record<string, unknown> = {};
  const seq: Trace[] = [];
  const root = { api_input: input, workflow_id: workflowId };
  const rules = within({ attempts, answers }, cookbook.global_retry);
  try {
    let output: unknown;
    for (const step of cookbook.steps) {
      output = run(step, { ...root, steps }, step.step_id, rules, seq);
      if (output !== undefined) steps[step.step_id] = output;
    }
    return { status: 'completed', output, steps, trace: { seq } };
  } catch (error) {
    if (!(error instanceof Failed)) throw error;
    const { path, code, attempts: made } = error;
    return { status: 'failed', steps, failure: { path, code, attempts: made }, trace: { seq } };
  }
}

/** What a step comes to, as JSON has it: what has no value has no key. */
function run(step: Step, scope: Scope, path: string, outer: Rules, seq: Trace[]): unknown {
  const output = perform(step, scope, path, outer, seq);
  return output === undefined ? undefined : (JSON.parse(JSON.stringify(output)) as unknown);
}

function perform(step: Step, scope: Scope, path: string, outer: Rules, seq: Trace[]): unknown {
  const rules = within(outer, step.retry);
  switch (step.type) {
    case 'task':
      return task(step, scope, path, rules, seq);
    case 'steps': {
      const results = list(step.steps, scope, path, rules, seq);
      return { type: 'steps', step_id: step.step_id, order: step.steps.map((each) => each.step_id), results };
    }
    case 'foreach': {
      const items = resolve(step.iterator, scope, path) as unknown[];
      const lanes = Math.max(1, Math.min(step.concurrency ?? 1, items.length));
      const outputs: Record<string, unknown>[] = [];
      const failures: { index: number; error: Failed }[] = [];
      const par: Trace[] = [];
      for (let lane = 0; lane < lanes; lane += 1) {
        const own: Trace[] = [];
        par.push({ seq: own });
        for (let index = lane; index < items.length; index += lanes) {
          try {
            outputs[index] = list(
              step.body,
              { ...scope, current: items[index], index },
              `${path}[${index}]`,
              rules,
              own,
            );
          } catch (error) {
            if (!(error instanceof Failed)) throw error;
            failures.push({ index, error });
            break;
          }
        }
      }
      seq.push({ par });
      const [first] = failures.sort((a, b) => a.index - b.index);
      if (first !== undefined) throw first.error;
      const iterations = items.map((item, index) => ({ index, item, outputs: outputs[index] }));
      return { type: 'foreach', step_id: step.step_id, count: items.length, iterations };
    }
    case 'switch': {
      const { expression } = step;
      const value = expression.startsWith('$')
        ? resolve(`{{${expression.slice(1)}}}`, scope, path)
        : resolve(expression, scope, path);
      const name = typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value);
      const selected = Object.hasOwn(step.cases, name) ? name : step.default === undefined ? null : 'default';
      const chosen = selected === name ? step.cases[name] : selected === null ? undefined : step.default;
      const result = chosen === undefined ? null : run(chosen, scope, `${path}.${chosen.step_id}`, rules, seq);
      return { type: 'switch', step_id: step.step_id, expression, value, selectedCase: selected, result };
    }
    case 'fork_join':
      return forkJoin(step, scope, path, rules, seq);
    case 'wait':
      return { type: 'wait', step_id: step.step_id, waited_until: SOME_TIME };
  }
}

function list(steps: readonly Step[], scope: Scope, path: string, rules: Rules, seq: Trace[]): Record<string, unknown> {
  const results: Record<string, unknown> = {};
  for (const step of steps) {
    const inside = { ...scope, steps: { ...scope.steps, ...results } };
    const output = run(step, inside, `${path}.${step.step_id}`, rules, seq);
    if (output !== undefined) results[step.step_id] = output;
  }
  return results;
}

function forkJoin(step: ForkJoinStep, scope: Scope, path: string, rules: Rules, seq: Trace[]): unknown {
  const branches: Record<string, unknown> = {};
  const failures: Failed[] = [];
  const par: Trace[] = [];
  for (const [name, branch] of Object.entries(step.branches)) {
    const own: Trace[] = [];
    par.push({ seq: own });
    try {
      const inside = `${path}.${name}`;
      branches[name] = Array.isArray(branch)
        ? list(branch as Step[], scope, inside, rules, own)
        : run(branch as Step, scope, `${inside}.${(branch as Step).step_id}`, rules, own);
    } catch (error) {
      if (!(error instanceof Failed)) throw error;
      failures.push(error);
    }
  }
  seq.push({ par });
  if (failures[0] !== undefined) throw failures[0];
  const outputs = Object.values(branches);
  const { strategy } = step.join;
  const result = {
    merge: () => fold(outputs),
    first: () => outputs[0],
    last: () => outputs.at(-1),
    all: () => branches,
  }[strategy]();
  return { type: 'fork_join', step_id: step.step_id, join: { strategy }, branches, result };
}

function fold(outputs: readonly unknown[]): unknown {
  const all: Record<string, unknown> = {};
  for (const output of outputs) if (typeof output === 'object' && output !== null) Object.assign(all, output);
  return all;
}

function task(step: TaskStep, scope: Scope, path: string, { attempts, answers }: Rules, seq: Trace[]): unknown {
  const input = resolve(step.input, scope, path);
  for (let attempt = 1; ; attempt += 1) {
    seq.push({ call: { service: step.service, operation: step.operation, path, attempt, input } });
    const { output, error } = answers(step.operation as OperationName, input, attempt, path);
    if (error === undefined) return output;
    if (error.status !== 503 || attempt >= attempts) throw new Failed(path, error.code, attempt);
  }
}

function resolve(value: unknown, scope: Scope, path: string): unknown {
  if (Array.isArray(value)) return value.map((each) => resolve(each, scope, path));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, resolve(each, scope, path)]));
  }
  if (typeof value !== 'string') return value;
  const whole = /^\{\{([^{}]+)\}\}$/.exec(value);
  if (whole?.[1] !== undefined) return lookUp(whole[1], scope, path);
  return value.replace(/\{\{([^{}]+)\}\}/g, (_, reference: string) => {
    const found = lookUp(reference, scope, path);
    return typeof found === 'object' && found !== null ? JSON.stringify(found) : String(found);
  });
}

function lookUp(reference: string, scope: Scope, path: string): unknown {
  const [head = '', ...segments] = reference.split('.');
  let rest = segments;
  let value: unknown = scope[head];
  if (head === 'steps') {
    value = scope.steps[rest[0] ?? ''];
    rest = rest.slice(2);
  }
  for (const key of rest) value = (value as Record<string, unknown> | undefined)?.[key];
  if (value === undefined) throw new Failed(path, 'REFERENCE_UNRESOLVED', 1);
  return value;
}

function within(outer: Rules, rule: { readonly max_attempts?: number } | undefined): Rules {
  return rule?.max_attempts === undefined ? outer : { ...outer, attempts: rule.max_attempts };
}

/** Whether `calls`, in the order they happened, is an order that the trace allows; of equal ones the last counts. Returns what is wrong. */
export function checkOrder(trace: Trace, calls: readonly Call[]): string | undefined {
  const keyOf = (call: Call): string => `${call.path}#${call.attempt}`;
  const names = calls.map(keyOf);
  const at = new Map(names.map((name, index) => [name, index]));
  let wrong: string | undefined;
  const span = (part: Trace): readonly [number, number] | undefined => {
    if ('call' in part) {
      const index = at.get(keyOf(part.call));
      return index === undefined ? undefined : [index, index];
    }
    const known = ('seq' in part ? part.seq : part.par).map(span).filter((each) => each !== undefined);
    if ('seq' in part) {
      known.slice(1).forEach(([from], index) => {
        const [, to = -1] = known[index] ?? [];
        if (to > from) wrong ??= `call ${from} (${names[from]}) came before call ${to} (${names[to]})`;
      });
    }
    if (known.length === 0) return undefined;
    return [Math.min(...known.map(([from]) => from)), Math.max(...known.map(([, to]) => to))];
  };
  span(trace);
  return wrong;
}

/** All calls of a trace, in one order that it allows. */
export function callsOf(trace: Trace): Call[] {
  if ('call' in trace) return [trace.call];
  return ('seq' in trace ? trace.seq : trace.par).flatMap(callsOf);
}
