import type { Json, RecordedCase, RecordedRun } from './recorded.js';

/** A run's fields and, where it leaves some out, its case's. */
export type RunOfCase = RecordedRun & Pick<RecordedCase, 'services'>;

/** The message that starts a run, as a broker would deliver it. */
export interface FirstMessage {
  readonly body: string;
  readonly workflowId: string | undefined;
  readonly service: string;
}

/** @param number of the run within its case, from 1 */
export function firstMessage(run: RunOfCase, number: number): FirstMessage {
  const message = 'raw_message' in run ? run.raw_message : composed(run, number);
  const body = typeof message === 'string' ? message : JSON.stringify(message);
  const { workflow_id: id, cookbook, current_step } = objectOf(message);
  return {
    body,
    workflowId: typeof id === 'string' ? id : undefined,
    service: run.start_service ?? serviceAt(run, cookbook, current_step),
  };
}

/** The service whose message it is when a run stands at a top-level step. */
export function serviceAt(run: RunOfCase, cookbook: unknown, step: unknown): string {
  const { service } = stepsOf(cookbook).find(({ step_id }) => step_id === step) ?? {};
  return typeof service === 'string' && service !== '' ? service : (run.control_service ?? run.services[0] ?? '');
}

/** The top-level steps of what may be no cookbook. */
export function stepsOf(cookbook: unknown): readonly Json[] {
  const { steps } = objectOf(cookbook);
  return Array.isArray(steps) ? steps.map(objectOf) : [];
}

/** The value if it is an object, else one without keys. */
export const objectOf = (value: unknown): Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {};

function composed(run: RunOfCase, number: number): Json {
  const { api_input, tenancy = {}, start_step, message_set = {}, message_omit = [] } = run;
  const cookbook = {
    ...run.cookbook,
    ...(api_input === undefined ? {} : { api_input }),
    ...(tenancy.system === undefined ? {} : { _system: tenancy.system }),
  };
  const message: Json = {
    workflow_id: `wf-${number}`,
    correlation_id: `corr-${number}`,
    ...tenancy.message,
    cookbook,
    current_step: start_step ?? stepsOf(cookbook)[0]?.['step_id'],
    ...message_set,
  };
  return Object.fromEntries(Object.entries(message).filter(([key]) => !message_omit.includes(key)));
}
