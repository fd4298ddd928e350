import { COMPLETED, DELIVERY_REQUESTED, FAILED } from '../../transports/destinations.js';
import { isRecord } from '../../utils/is-record.js';
import type { History } from './history.js';

/** How a run with faults differs from the same run without: in its end, its outputs, and what it changed. */
export function differences(made: History, wanted: History, outputs: boolean): string[] {
  const found: string[] = [];
  const differ = (what: string, seen: string, due: string): void => {
    if (seen !== due) found.push(`${what}: ${seen}\n  instead of ${due}`);
  };
  const [end, should] = [endOf(made), endOf(wanted)];
  differ('status', textOf(end['status']), textOf(should['status']));
  differ('failure', failureOf(end['error']), failureOf(should['error']));
  if (outputs) {
    differ('output', textOf(end['api_output']), textOf(should['api_output']));
    differ('outputs of steps', textOf(end['steps']), textOf(should['steps']));
  }
  const [effects, due] = [effectsOf(made, outputs), effectsOf(wanted, outputs)];
  for (const effect of due) if (!effects.has(effect)) found.push(`an effect is missing: ${effect}`);
  for (const effect of effects) if (!due.has(effect)) found.push(`an effect too many: ${effect}`);
  return found;
}

function endOf({ terminals }: History): Readonly<Record<string, unknown>> {
  const ends = [COMPLETED, FAILED, DELIVERY_REQUESTED];
  const body = terminals.filter(({ destination }) => ends.includes(destination)).at(-1)?.body ?? '{}';
  return JSON.parse(body) as Readonly<Record<string, unknown>>;
}

/** Each effect once, whatever repeated it: its operation, its key and what it was given. */
function effectsOf({ executions }: History, inputs: boolean): ReadonlySet<string> {
  return new Set(
    executions
      .filter(({ mutates }) => mutates)
      .map(
        ({ service, operation, idempotencyKey, attempt, input }) =>
          `${service}.${operation} ${idempotencyKey}#${attempt}${inputs ? ` ${textOf(input)}` : ''}`,
      ),
  );
}

function failureOf(error: unknown): string {
  if (!isRecord(error)) return 'none';
  return textOf({ path: error['path'], code: error['code'], attempts: error['total_attempts'] });
}

/** Two runs wait and back off at different moments: those are left out. */
const textOf = (value: unknown): string =>
  JSON.stringify(value ?? null).replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g, '(a moment)');
