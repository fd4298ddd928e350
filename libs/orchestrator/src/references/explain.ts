import { UnresolvedReferenceError } from '../errors/unresolved-reference.error.js';
import { nearest } from '../utils/nearest.js';
import { excerpt } from './excerpt.js';
import { own } from './path.js';
import type { Scope } from './scope.js';
import type { Call, Path } from './syntax.js';

/** Why a reference resolved to nothing. Walks it once more: only a run that fails pays for it. */
export function unresolved(source: string, expression: Path | Call, scope: Scope): UnresolvedReferenceError {
  const { reason, missing, names } = expression.kind === 'call' ? silent(expression) : deadEnd(expression, scope);
  const hint = missing === undefined ? undefined : nearest(missing, names ?? []);
  return new UnresolvedReferenceError(scope.context.step_id, excerpt(source), reason, hint);
}

interface DeadEnd {
  readonly reason: string;
  /** The name that was not found, and those that are there. Never values: messages carry no input. */
  readonly missing?: string;
  readonly names?: readonly string[];
}

function silent({ helper }: Call): DeadEnd {
  return { reason: `the helper "${excerpt(helper)}" answered nothing` };
}

function deadEnd({ root, keys, step }: Path, scope: Scope): DeadEnd {
  if (root === 'steps' && step === undefined) return { reason: 'an output is addressed as steps.<step_id>.output' };
  if (step !== undefined) {
    const ended = scope.step(step);
    if (ended !== undefined) return below(`steps.${step}.output`, ended.output, keys);
    const reason = `no step "${excerpt(step)}" has ended that can be seen from here`;
    return { reason, missing: step, names: scope.names().steps };
  }
  const value = scope.root(root);
  if (value !== undefined) return below(root, value, keys);
  return { reason: `there is no "${excerpt(root)}" here`, missing: root, names: scope.names().roots };
}

function below(start: string, found: unknown, keys: readonly string[]): DeadEnd {
  let value = found;
  let reached = start;
  for (const key of keys) {
    if (typeof value !== 'object' || value === null) break;
    const next = own(value, key);
    if (next === undefined) {
      return { reason: `${reached} has no "${excerpt(key)}"`, missing: key, names: Object.keys(value) };
    }
    reached = excerpt(`${reached}.${key}`);
    value = next;
  }
  return { reason: `${reached} is ${kindOf(value)}` };
}

function kindOf(value: unknown): string {
  return value === undefined ? 'not there' : value === null ? 'null' : `a ${typeof value}`;
}
