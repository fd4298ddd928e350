import { observe } from './adapter.js';
import { type Decision, decisionOn } from './decided.js';
import type { Checker, Observation, RecordedCase, Recording } from './recorded.js';

/** Where a run does not do what its case says. */
export interface Difference {
  /** A field of the observation, such as `error.code`; `run` is the whole of it. */
  readonly field: string;
  readonly expected: unknown;
  readonly got: unknown;
  /** As the checker tells it: with the run's index in its case. */
  readonly text: string;
  /** Why it is to be so. */
  readonly decision?: Decision | undefined;
}

/** Runs a case and compares. A case that cannot be run at all differs. */
export async function examine(of: RecordedCase, { library, checker }: Recording): Promise<readonly Difference[]> {
  try {
    return judge(of, await observe(of, library), checker);
  } catch (error) {
    const text = `could not be run: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
    return [{ field: 'run', expected: of.expected, got: undefined, text }];
  }
}

/** Where the observations differ from what the case says. None: they agree. */
export function judge(of: RecordedCase, observations: readonly Observation[], checker: Checker): readonly Difference[] {
  const texts = [...checker.score(of, observations).differences, ...unended(of, observations)];
  return texts.map((text) => differenceOf(text, of, observations));
}

/** Of an open case any end will do, but there must be one. */
function unended({ expect }: RecordedCase, observations: readonly Observation[]): string[] {
  if (expect !== 'open') return [];
  return observations.flatMap(({ status }, run) =>
    status === 'stalled' ? [`run ${run}: expected an end, got none`] : [],
  );
}

/** The checker tells differences as text: `run 0: error.code: expected …`, or without a field for the whole run. */
const TOLD = /^run (\d+): (?:([a-z_.]+): )?expected/;

function differenceOf(text: string, of: RecordedCase, observations: readonly Observation[]): Difference {
  const [, index = observations.length - 1, field] = TOLD.exec(text) ?? [];
  const observation = observations[Number(index)];
  const difference =
    field === undefined
      ? { field: 'run', expected: of.better?.sequence[index], got: observation, text }
      : { field, expected: valueAt(of.expected?.[Number(index)], field), got: valueAt(observation, field), text };
  return { ...difference, decision: decisionOn(difference, of, observation) };
}

function valueAt(value: unknown, path: string): unknown {
  return path.split('.').reduce((at: unknown, key) => (Object(at) as Record<string, unknown>)[key], value);
}
