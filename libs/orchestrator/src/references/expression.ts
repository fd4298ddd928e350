import { UnresolvedReferenceError } from '../errors/unresolved-reference.error.js';
import { excerpt } from './excerpt.js';
import { unresolved } from './explain.js';
import { lookup, parsePath } from './path.js';
import type { Scope } from './scope.js';
import type { Path } from './syntax.js';
import { compile, type ResolveOptions } from './template.js';

/**
 * The value of a switch's `expression`, which is one of these:
 *
 * - with a reference, `{{api_input.mode}}`: a template as any other;
 * - `$api_input.mode`, `$steps.quote.output.mode`, `$.workflow_id`: a path; `undefined` where it leads to nothing;
 * - with a dot, `api_input.mode`: a path that must lead somewhere;
 * - a field of the run that is no object, `workflow_id`, `index`: its value;
 * - any other text: itself.
 *
 * @throws UnresolvedReferenceError for a plain path that leads to nothing, in lenient runs too; and what a template throws
 */
export function resolveExpression(text: string, scope: Scope, options: ResolveOptions): unknown {
  if (text.includes('{{')) return compile(text).resolveNow(scope, options);
  const path = expressionPath(text);
  const value = path && lookup(path, scope);
  if (value !== undefined || mayLeadNowhere(text)) return value;
  if (text.includes('.')) throw refusal(text, path, scope);
  const field = scope.root(text);
  return field === undefined || (typeof field === 'object' && field !== null) ? text : field;
}

/** The path that an expression is; `undefined` for a template, a literal, and what cannot be read. */
export function expressionPath(text: string): Path | undefined {
  if (text.includes('{{')) return undefined;
  if (mayLeadNowhere(text)) return parsePath(text.slice(text.startsWith('$.') ? 2 : 1));
  return text.includes('.') ? parsePath(text) : undefined;
}

const mayLeadNowhere = (text: string): boolean =>
  ['$.', '$api_input.', '$steps.'].some((prefix) => text.startsWith(prefix));

function refusal(text: string, path: Path | undefined, scope: Scope): UnresolvedReferenceError {
  if (path !== undefined) return unresolved(text, path, scope);
  const reason = 'it is no path, and a literal has no dot';
  return new UnresolvedReferenceError(scope.context.step_id, excerpt(text), reason);
}
