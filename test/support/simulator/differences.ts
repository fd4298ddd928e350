import type { Cookbook } from '../../../libs/orchestrator/src/cookbook/cookbook.js';
import type { Execution, History } from '../../../libs/orchestrator/src/testing/simulator/history.js';
import { type Promised, violationsOf } from '../../../libs/orchestrator/src/testing/simulator/invariants.js';
import { API_INPUT } from '../random/cookbooks.js';
import { type Answers, type Call, callsOf, checkOrder, interpret, timeless } from '../random/interpreter.js';
import { answer, type Answer, MUTATING, type OperationName } from '../random/library.js';

/** How a run differs from what a recursive interpreter makes of the same cookbook, given the same draws. */
export function differencesOf(cookbook: Cookbook, history: History, promised: Promised): string[] {
  const found = violationsOf(history, promised);
  if (found.length > 0 || history.restarted || history.faults.length * Number(promised.fenced === false) > 0)
    return found;

  const recorded = recordedBy(history);
  const wanted = interpret(cookbook, API_INPUT, 'simulated', recorded.answers);
  const end = JSON.parse(history.terminals.at(-1)?.body ?? '{}') as Record<string, unknown>;
  const differ = (what: string, seen: unknown, should: unknown): void => {
    const [is, ought] = [timeless(seen), timeless(should)];
    if (is !== ought) found.push(`${what}: ${is}\n  instead of ${ought}`);
  };
  differ('status', end['status'], wanted.status);
  differ('output', end['api_output'], wanted.output);
  differ('steps', end['steps'], wanted.steps);
  differ('failure', failureOf(end['error']), wanted.failure);

  const made = newest(history.executions, recorded.epochOf);
  const calls = callsOf(wanted.trace);
  const isEffect = ({ operation }: Call): boolean => MUTATING.has(operation as OperationName);
  const effects = new Set(made.filter((each) => each.mutates).map(tell));
  const due = new Set(calls.filter(isEffect).map(tell));
  for (const effect of due) if (!effects.has(effect)) found.push(`an effect is missing: ${effect}`);
  for (const effect of effects) if (!due.has(effect)) found.push(`an effect too many: ${effect}`);
  const reads = new Set(made.filter((each) => !each.mutates).map(tell));
  for (const call of calls)
    if (!isEffect(call) && !reads.has(tell(call))) found.push(`a read is missing: ${tell(call)}`);
  const disorder = checkOrder(wanted.trace, firsts(made));
  if (disorder !== undefined) found.push(disorder);
  return found;
}

/** What the run recorded is what its reads saw: of a requeued run, in the newest epoch that executed them. */
function recordedBy({ recorded, executions }: History): {
  readonly answers: Answers;
  readonly epochOf: (path: string, attempt: number) => number;
} {
  const epochs = new Map<string, number>();
  for (const key of recorded.keys()) {
    const [epoch = '', call = ''] = key.split(' ');
    epochs.set(call, Math.max(epochs.get(call) ?? 0, Number(epoch)));
  }
  const epochOf = (path: string, attempt: number): number => epochs.get(`${path}#${attempt}`) ?? 0;
  const answers = (operation: OperationName, input: unknown, attempt: number, path: string): Answer => {
    const epoch = epochOf(path, attempt);
    const [outcome] = recorded.get(`${epoch} ${path}#${attempt}`) ?? [];
    const draw = drawOf(operation, outcome, input);
    return answer(operation, input, attempt, { draw, repaired: epoch > 0 });
  };
  void executions;
  return { answers, epochOf };
}

/** Of what was drawn only its traces in the outcome are known, and they are all that matters. */
function drawOf(operation: OperationName, outcome: string | undefined, input: unknown): number {
  if (outcome === undefined) return 0;
  const { output } = JSON.parse(outcome) as { readonly output?: { readonly draw?: number } | readonly unknown[] };
  if (operation === 'read') return (output as { readonly draw?: number } | undefined)?.draw ?? 0;
  const { n = 2 } = (input ?? {}) as { readonly n?: number };
  return operation === 'list' && Array.isArray(output) ? output.length - n : 0;
}

/** The executions of each path in the newest epoch that recorded it: those before it were of a fork that was entered anew. */
function newest(executions: readonly Execution[], epochOf: (path: string, attempt: number) => number): Execution[] {
  return executions.filter(({ path, attempt, epoch }) => epoch === epochOf(path, attempt));
}

function firsts(made: readonly Execution[]): Execution[] {
  const seen = new Set<string>();
  return made.filter(({ path, attempt }) => {
    const key = `${path}#${attempt}`;
    return !seen.has(key) && seen.add(key);
  });
}

const tell = ({ service, path, attempt, operation, input }: Call): string =>
  `${service}.${operation} ${path}#${attempt} ${timeless(input)}`;

function failureOf(error: unknown): object | undefined {
  if (error === undefined) return undefined;
  const { path, code, total_attempts: attempts } = error as Record<string, unknown>;
  return { path, code, attempts };
}
