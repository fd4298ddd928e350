import { UnresolvedReferenceError } from '../errors/unresolved-reference.error.js';
import { listed, nearest } from '../utils/nearest.js';
import { excerpt } from './excerpt.js';
import { nearestRoot } from './nearest-root.js';
import { own } from './path.js';
import type { Scope } from './scope.js';
import type { Call, Path } from './syntax.js';

/** Why a reference resolved to nothing. Walks it once more: only a run that fails pays for it. */
export function unresolved(source: string, expression: Path | Call, scope: Scope): UnresolvedReferenceError {
  const { reason, meant, advice } = expression.kind === 'call' ? silent(expression) : deadEnd(expression, scope);
  return new UnresolvedReferenceError(scope.context.step_id, excerpt(source), reason, meant, advice);
}

interface DeadEnd {
  readonly reason: string;
  /** A name that is there and near. */
  readonly meant?: string | undefined;
  /** Where there is none: what to do, or the names that are there. Never values: messages carry no input. */
  readonly advice?: string;
}

/** Names that an advice lists. */
const MAX_NAMES = 8;

/** What a run has only when its start gave it, and how. */
const GIVEN_AT_START: ReadonlyMap<string, string> = new Map([
  ['tenant_id', 'Give "tenantId" to start().'],
  ['workspace_id', 'Give "workspaceId" to start(), or "defaults.workspace_id" in the cookbook.'],
  ['person_id', 'Give "personId" to start().'],
]);

function silent({ helper }: Call): DeadEnd {
  return { reason: `the helper "${excerpt(helper)}" answered nothing` };
}

function deadEnd(path: Path, scope: Scope): DeadEnd {
  const { root, keys, step } = path;
  if (step !== undefined) return ofStep(step, keys, scope);
  if (root === 'steps') return { reason: 'an output is addressed as steps.<step_id>.output' };
  const value = scope.root(root);
  if (value !== undefined) return below(root, value, keys);
  const advice = GIVEN_AT_START.get(root);
  if (advice !== undefined) return { reason: `the run has no ${root}`, advice };
  const { roots } = scope.names();
  return {
    reason: `there is no "${excerpt(root)}" here`,
    meant: nearestRoot(root, roots),
    advice: list('There are', roots),
  };
}

function ofStep(step: string, keys: readonly string[], scope: Scope): DeadEnd {
  const ended = scope.step(step);
  if (ended === undefined) {
    const { steps } = scope.names();
    const reason = `no step "${excerpt(step)}" has ended that can be seen from here`;
    return { reason, meant: nearest(step, steps), advice: list('There are', steps) };
  }
  if (ended.output !== undefined) return below(`steps.${step}.output`, ended.output, keys);
  return { reason: `step "${excerpt(step)}" ended without an output: return a value or null` };
}

function below(start: string, found: unknown, keys: readonly string[]): DeadEnd {
  let value = found;
  let reached = start;
  for (const key of keys) {
    if (typeof value !== 'object' || value === null) break;
    const next = own(value, key);
    if (next === undefined) return missing(reached, value, key);
    reached = excerpt(`${reached}.${key}`);
    value = next;
  }
  return { reason: `${reached} is ${value === null ? 'null' : `a ${typeof value}`}` };
}

function missing(reached: string, value: object, key: string): DeadEnd {
  const reason = `${reached} has no "${excerpt(key)}"`;
  if (Array.isArray(value)) return { reason, advice: `It is an array of ${value.length}.` };
  const names = Object.keys(value);
  return { reason, meant: nearest(key, names), advice: list('It has', names) };
}

function list(introduction: string, names: readonly string[]): string {
  return `${introduction}: ${listed(names.map(excerpt), MAX_NAMES)}.`;
}
