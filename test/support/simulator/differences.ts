import type { Cookbook } from '../../../libs/orchestrator/src/cookbook/cookbook.js';
import type { Execution, History } from '../../../libs/orchestrator/src/testing/simulator/history.js';
import { endsOf, type Promised, violationsOf } from '../../../libs/orchestrator/src/testing/simulator/invariants.js';
import type { OutgoingMessage } from '../../../libs/orchestrator/src/transports/workflow.transport.js';
import { type Answers, type Call, callsOf, checkOrder, interpret, timeless } from '../random/interpreter.js';
import { answer, type Answer, MUTATING, type OperationName } from '../random/library.js';

/** How a run differs from what a recursive interpreter makes of the same cookbook, given the same draws. */
export function differencesOf(cookbook: Cookbook, history: History, promised: Promised): string[] {
  const found = violationsOf(history, promised);
  if (found.length > 0 || history.recordLost || history.faults.length * Number(promised.fenced === false) > 0)
    return found;

  const recorded = recordedBy(history);
  const end = JSON.parse(lastEnd(history)?.body ?? '{}') as Record<string, unknown>;
  if (history.cancelled && end['status'] === 'cancelled') return found;
  // Of a run that was started twice, the input that was claimed first.
  const { api_input: input } = end['cookbook'] as { readonly api_input?: unknown };
  const wanted = interpret(cookbook, input, 'simulated', recorded.answers);
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
  const effects = made.filter((each) => each.mutates);
  const done = new Set(effects.map(tell));
  const due = new Set(calls.filter(isEffect).map(tell));
  const again = enteredAnew(history);
  for (const effect of due) if (!done.has(effect)) found.push(`an effect is missing: ${effect}`);
  for (const effect of effects) {
    if (!due.has(tell(effect)) && !again(effect)) found.push(`an effect too many: ${tell(effect)}`);
  }
  const reads = new Set(made.filter((each) => !each.mutates).map(tell));
  for (const call of calls)
    if (!isEffect(call) && !reads.has(tell(call))) found.push(`a read is missing: ${tell(call)}`);
  const disorder = checkOrder(wanted.trace, counting(made));
  if (disorder !== undefined) found.push(disorder);
  return found;
}

/** What the run recorded is what its reads saw: of a requeued run, in the newest epoch that executed them. */
function recordedBy({ recorded }: History): {
  readonly answers: Answers;
  readonly epochOf: (path: string) => number;
} {
  const epochs = new Map<string, number>();
  for (const key of recorded.keys()) {
    const [epoch = '', path = ''] = key.split(/[ #]/);
    epochs.set(path, Math.max(epochs.get(path) ?? 0, Number(epoch)));
  }
  const epochOf = (path: string): number => epochs.get(path) ?? 0;
  const answers = (operation: OperationName, input: unknown, attempt: number, path: string): Answer => {
    const epoch = epochOf(path);
    const outcome = [...(recorded.get(`${epoch} ${path}#${attempt}`) ?? [])].at(-1); // the only one, where there are records
    if (outcome?.includes('"OPERATION_TIMEOUT"')) return { error: { status: 503, code: 'OPERATION_TIMEOUT' } };
    const draw = drawOf(operation, outcome, input);
    return answer(operation, input, attempt, { draw, repaired: epoch > 0 });
  };
  return { answers, epochOf };
}

/** The end of the newest epoch: that of an older one may have been told again after it. */
function lastEnd({ terminals }: Pick<History, 'terminals'>): OutgoingMessage | undefined {
  return endsOf({ terminals })
    .toSorted((a, b) => epochOf(a) - epochOf(b))
    .at(-1);
}

const epochOf = (terminal: OutgoingMessage | undefined): number => Number(terminal?.messageId.split(':').at(-2));

/** Which effects a requeue may leave behind: those of the step that had failed, if its fork took another way this time. */
function enteredAnew({ terminals }: History): (execution: Execution) => boolean {
  const first = endsOf({ terminals }).find((each) => epochOf(each) === 0);
  const { error } = JSON.parse(first?.body ?? '{}') as { readonly error?: { readonly path?: string } };
  const step = (path: string): string => path.split(/[.[]/)[0] ?? '';
  return ({ epoch, path }) =>
    epoch === 0 && epochOf(first) !== epochOf(lastEnd({ terminals })) && step(path) === step(error?.path ?? '');
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
function newest(executions: readonly Execution[], epochOf: (path: string) => number): Execution[] {
  return executions.filter(({ path, epoch }) => epoch === epochOf(path));
}

/** Of each call the execution that counts: the first whose outcome was recorded, or the first. */
function counting(made: readonly Execution[]): Execution[] {
  const known = new Map<string, Execution>();
  for (const execution of made) {
    const key = `${execution.path}#${execution.attempt}`;
    const before = known.get(key);
    if (before === undefined || (!before.recorded && execution.recorded)) known.set(key, execution);
  }
  return made.filter((execution) => known.get(`${execution.path}#${execution.attempt}`) === execution);
}

const tell = ({ service, path, attempt, operation, input }: Call): string =>
  `${service}.${operation} ${path}#${attempt} ${timeless(input)}`;

function failureOf(error: unknown): object | undefined {
  if (error === undefined) return undefined;
  const { path, code, total_attempts: attempts } = error as Record<string, unknown>;
  return { path, code, attempts };
}
