import type { Step, TaskStep } from '../../cookbook/cookbook.js';
import { expressionPath } from '../../references/expression.js';
import type { Path } from '../../references/syntax.js';
import { compile } from '../../references/template.js';
import { isRecord } from '../../utils/is-record.js';

/** The fields of an operation's input that hold secrets; `undefined`: nobody here knows the operation. */
export type SensitiveFields = (task: Pick<TaskStep, 'service' | 'operation'>) => readonly string[] | undefined;

/** What of a step is secret. */
export interface Sensitivity {
  /** Top-level fields of its input. */
  readonly fields: readonly string[];
  /** What their templates refer to. */
  readonly paths: readonly Path[];
  /** Whether anybody here knows its operation. Control flow is known. */
  readonly known: boolean;
}

const NOTHING: Sensitivity = { fields: [], paths: [], known: true };
const UNKNOWN: Sensitivity = { ...NOTHING, known: false };

export function sensitivityOf(step: Step, sensitiveFields: SensitiveFields = () => []): Sensitivity {
  if (step.type !== 'task') return NOTHING;
  const fields = sensitiveFields(step);
  if (fields === undefined) return UNKNOWN;
  return fields.length === 0 ? NOTHING : { fields, paths: pathsOf(step.input, fields), known: true };
}

/** Everything a step's own templates refer to. */
export function referencesOf(step: Step): readonly Path[] {
  switch (step.type) {
    case 'task':
      return compile(step.input).references;
    case 'foreach':
      return compile(step.iterator).references;
    case 'switch': {
      const path = expressionPath(step.expression);
      return path === undefined ? compile(step.expression).references : [path];
    }
    case 'wait':
      return compile(step.until).references;
    case 'steps':
    case 'fork_join':
      return [];
  }
}

/** The path that is all of a template; `undefined` for any other. */
export function wholePath(template: unknown): Path | undefined {
  if (typeof template !== 'string') return undefined;
  const [placeholder] = compile(template).placeholders;
  return placeholder?.source === template && placeholder.expression.kind === 'path'
    ? placeholder.expression
    : undefined;
}

/** The texts that are written in these fields of a task's input, and are no templates. */
export function literalsOf({ input }: TaskStep, fields: readonly string[]): readonly string[] {
  if (!isRecord(input)) return [];
  return fields.flatMap((field) => (Object.hasOwn(input, field) ? textsIn(input[field]) : []));
}

function pathsOf(input: unknown, fields: readonly string[]): readonly Path[] {
  if (isRecord(input)) {
    return fields.flatMap((field) => (Object.hasOwn(input, field) ? compile(input[field]).references : []));
  }
  const whole = wholePath(input);
  // Of an input that a helper makes it cannot be told which of its arguments the field comes from.
  if (whole === undefined) return compile(input).references;
  return fields.map((field) => ({ ...whole, keys: [...whole.keys, field] }));
}

function textsIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return compile(value).isStatic ? [value] : [];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
}
