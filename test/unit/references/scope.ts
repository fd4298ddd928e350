import type { Helpers, Scope } from '../../../libs/orchestrator/src/references/scope.js';

/** A scope of plain data: roots by name, outputs by step id. */
export function scopeOf(
  roots: Readonly<Record<string, unknown>>,
  outputs: Readonly<Record<string, unknown>> = {},
): Scope {
  return {
    root: (name) => (Object.hasOwn(roots, name) ? roots[name] : undefined),
    step: (id) => (Object.hasOwn(outputs, id) ? { output: outputs[id] } : undefined),
    names: () => ({ roots: Object.keys(roots), steps: Object.keys(outputs) }),
    context: { service: 'billing', step_id: 'here', workflow_id: 'wf-1' },
  };
}

const text = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value ?? null));

/** Every helper is given its arguments and then the context. */
export const helpers: Helpers = {
  upper: (value: unknown) => text(value).toUpperCase(),
  join: (...given: unknown[]) => given.slice(0, -1).map(text).join(''),
  default: (value: unknown, fallback: unknown) => value ?? fallback,
  typeOf: (value: unknown) => (value === null ? 'null' : typeof value),
  count: (...given: unknown[]) => given.length - 1,
  wrap: (value: unknown) => ({ value }),
  nothing: () => undefined,
  where: (context: unknown) => context,
  later: (value: unknown) => Promise.resolve(text(value).toUpperCase()),
};
