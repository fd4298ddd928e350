import { InvalidCookbookError } from '../errors/invalid-cookbook.error.js';
import { checkShape } from '../message/bounds.js';
import type { Limits } from '../message/limits.js';
import type { JsonObject } from '../message/workflow-message.js';
import { describe } from '../utils/describe.js';
import { isRecord } from '../utils/is-record.js';
import type { Problem } from '../utils/problem.js';
import { nameOf } from './definition.js';
import { stepsOf } from './step-tree.js';

/**
 * A document as its JSON, when it is within its limits: what walks it afterwards may recurse, and look at every step.
 *
 * @throws InvalidCookbookError for what is no object, no JSON, or exceeds a limit
 */
export function boundedCopy(document: unknown, limits: Limits): Record<string, unknown> {
  if (!isRecord(document))
    throw refusal({}, '', 'must be an object', document, 'Give an object with "version" and "steps".');
  const copy = copyOf(document, limits);
  let count = 0;
  for (const { step, path, around } of stepsOf(copy)) {
    if ((count += 1) > limits.steps) {
      const message = `hold more steps, nested ones included, than limits.steps allows (${limits.steps})`;
      throw refusal(copy, 'steps', message, copy['steps'], 'Split the cookbook, or raise limits.steps.');
    }
    if (around > limits.nesting) {
      const message = `stands inside more steps than limits.nesting allows (${limits.nesting})`;
      throw refusal(copy, path, message, step, 'Take the inner steps out, or raise limits.nesting.');
    }
  }
  return copy;
}

function copyOf(document: JsonObject, limits: Limits): Record<string, unknown> {
  try {
    checkShape(document, limits);
    const copy: unknown = JSON.parse(JSON.stringify(document));
    if (!isRecord(copy)) throw new TypeError(`Its toJSON() gives ${describe(copy)}.`);
    checkShape(copy, limits); // a toJSON() gives what nobody has looked at
    return copy;
  } catch (cause) {
    throw refusal({}, '', 'cannot be sent as JSON', {}, cause instanceof Error ? cause.message : describe(cause));
  }
}

function refusal(
  document: JsonObject,
  path: string,
  message: string,
  found: unknown,
  fix: string,
): InvalidCookbookError {
  const problem: Problem = { path, message, found: describe(found), fix };
  return new InvalidCookbookError(nameOf(document), [problem]);
}
