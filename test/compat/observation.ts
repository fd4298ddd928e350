import { attemptsIn } from './attempts.js';
import { mappedError } from './error-mapping.js';
import type { Json, Observation, ObservedError, RecordedCase } from './recorded.js';
import { objectOf, stepsOf } from './run-message.js';
import type { RunLog } from './run-log.js';

/** What the recording would say of a run. */
export function observationOf({ terminals, handovers, invocations, leaks }: RunLog, of: RecordedCase): Observation {
  const end = terminals[0] ?? handovers.at(-1) ?? {};
  const status = statusOf(terminals[0], handovers);
  const { cookbook, current_step } = runIn(end);
  const attempts = attemptsIn(cookbook);
  return asJson({
    status,
    ...(terminals.length > 1 ? { terminal_count: terminals.length } : {}),
    outputs: 'steps' in end ? objectOf(end['steps']) : outputsIn(cookbook),
    // The original says null where the last step has no output, we say nothing.
    ...(['completed', 'delivery_requested'].includes(status) ? { api_output: end['api_output'] ?? null } : {}),
    attempts: Object.fromEntries(attempts),
    invocations,
    ...('error' in end ? { error: errorOf(end, cookbook, current_step, attempts) } : {}),
    ...(of.secret_markers === undefined ? {} : { leaks }),
  });
}

function statusOf(terminal: Json | undefined, handovers: readonly Json[]): string {
  if (terminal !== undefined) return terminal['status'] as string;
  return handovers.length > 0 ? 'delivery_requested' : 'stalled';
}

/** Of a run that was refused before there was one. */
export function refusal(error: { readonly code: string; readonly message: string }, of: RecordedCase): Observation {
  const told = { ...error, type: 'VALIDATION', details: [], reason: 'non_retryable_validation', source: 'engine' };
  const observed = mappedError(told, undefined, { step_id: null, total_attempts: 0 });
  const leaks = of.secret_markers === undefined ? {} : { leaks: [] };
  return asJson({ status: 'refused', outputs: {}, attempts: {}, invocations: [], error: observed, ...leaks });
}

/** The run in a terminal: of a message that was refused, in the text that came. */
function runIn(terminal: Json): Json {
  const { raw } = terminal;
  if (typeof raw !== 'string') return terminal;
  try {
    return objectOf(JSON.parse(raw));
  } catch {
    return {};
  }
}

function outputsIn(cookbook: unknown): Json {
  const steps = stepsOf(cookbook).filter((step) => 'output' in step);
  return Object.fromEntries(steps.map(({ step_id, output }) => [String(step_id), output]));
}

/** The original speaks of the top-level step, we of the task in it. */
function errorOf(end: Json, cookbook: unknown, step: unknown, attempts: ReadonlyMap<string, number>): ObservedError {
  const error = objectOf(end['error']);
  const step_id = typeof step === 'string' ? step : null;
  const total_attempts = attempts.get(step_id ?? '') ?? Number(error['total_attempts']);
  return mappedError(error, typeOf(cookbook, error['step_id']), { step_id, total_attempts });
}

/** The type of a step in a document, however deep it stands. */
function typeOf(value: unknown, stepId: unknown): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  const { step_id, type } = value as Json;
  if (step_id === stepId && type !== undefined) return type;
  for (const child of Object.values(value)) {
    const found = typeOf(child, stepId);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Without what is `undefined`, as the recording is. */
const asJson = (observation: Observation): Observation => JSON.parse(JSON.stringify(observation)) as Observation;
