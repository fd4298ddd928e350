import { InvalidCookbookError } from '../errors/invalid-cookbook.error.js';
import { InvalidInputError } from '../errors/invalid-input.error.js';
import { InvalidSchemaError } from '../errors/invalid-schema.error.js';
import { compileSchema, type SchemaCheck } from '../utils/json-schema.js';
import { problemsUnder } from '../utils/problem.js';
import type { Cookbook } from './cookbook.js';

/** By schema: a check lives as long as the cookbook whose it is. */
const compiled = new WeakMap<object, SchemaCheck>();

/**
 * Checks the input of a run that is to start.
 *
 * @throws InvalidInputError when it does not match the cookbook's `input_schema`; without one, anything does
 * @throws InvalidCookbookError when that schema refers to something that is not in it, or to itself without an end
 */
export function checkInput(cookbook: Cookbook, input: unknown): void {
  const problems = named(cookbook, () => inputCheck(cookbook)?.(input)) ?? [];
  if (problems.length === 0) return;
  throw new InvalidInputError(cookbook.name === undefined ? 'the cookbook' : `cookbook "${cookbook.name}"`, problems);
}

/** The check of a cookbook's input, compiled at its first use. */
export function inputCheck(cookbook: Cookbook): SchemaCheck | undefined {
  const { input_schema: schema } = cookbook;
  if (schema === undefined) return undefined;
  const known = compiled.get(schema);
  if (known !== undefined) return known;
  const check = named(cookbook, () => compileSchema(schema));
  compiled.set(schema, check);
  return check;
}

/** Says of what is wrong with the schema whose it is. */
function named<T>({ name }: Cookbook, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof InvalidSchemaError)) throw error;
    throw new InvalidCookbookError(name, problemsUnder('input_schema', error.problems));
  }
}
