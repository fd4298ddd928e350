import type { SwitchStep } from '../../cookbook/cookbook.js';
import type { Frame } from '../frame.js';
import { isRecord } from '../../utils/is-record.js';
import { type StepType, withoutUndefined } from './step-type.js';

interface SwitchFrame extends Frame {
  /** What the expression resolved to; absent when it resolved to nothing. */
  readonly value?: unknown;
  /** Name of the case, or `default`; `null` when none matches. */
  readonly selected: string | null;
  /** The default was taken, which a case may share its name with. */
  readonly fallback?: true;
  ended?: { readonly output?: unknown };
}

/** `switch`: the case named like the value. Names are own keys: `toString` is a case only if the cookbook says so. */
export const choice: StepType<SwitchStep, SwitchFrame> = {
  children: (step) => [...Object.values(step.cases), ...(step.default === undefined ? [] : [step.default])],
  enter(step, entering) {
    const value = entering.resolveExpression(step.expression);
    const name = nameOf(value);
    const at = { step: step.step_id, ...(value === undefined ? {} : { value }) };
    if (name !== undefined && Object.hasOwn(step.cases, name)) return { ...at, selected: name };
    return step.default === undefined ? { ...at, selected: null } : { ...at, selected: 'default', fallback: true };
  },
  valid(step, { selected, fallback, ended }) {
    const known =
      selected === null || fallback === true || (typeof selected === 'string' && Object.hasOwn(step.cases, selected));
    return known && (ended === undefined || isRecord(ended));
  },
  child(step, { selected, fallback, ended }) {
    if (ended !== undefined || selected === null) return undefined;
    return fallback ? step.default : step.cases[selected];
  },
  take(_, frame, __, ended) {
    frame.ended = ended.failed === undefined && ended.output !== undefined ? { output: ended.output } : {};
  },
  finish(step, frame) {
    const { value, selected, ended } = frame;
    const { step_id, expression } = step;
    const result = selected === null ? null : ended?.output;
    const output = { type: 'switch', step_id, expression, value, selectedCase: selected, result };
    return { kind: 'completed', output: withoutUndefined(output) };
  },
  outputs: () => [['result']],
  places: (_, __, [first, ...keys]) => (first === 'result' ? [['ended', 'output', ...keys]] : []),
};

/** The name a value has among the cases. */
function nameOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
