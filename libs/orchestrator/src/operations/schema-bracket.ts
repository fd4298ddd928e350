import { ConfigurationError } from '../errors/configuration.error.js';
import { InvalidInputError } from '../errors/invalid-input.error.js';
import { InvalidOutputError } from '../errors/invalid-output.error.js';
import { InvalidSchemaError } from '../errors/invalid-schema.error.js';
import { compileSchema, type SchemaCheck } from '../utils/json-schema.js';
import type { Around } from './context-creator.js';
import type { OperationTraits } from './operation.js';

/**
 * Checks the input as it came, before the pipes, and what the call came to, after the interceptors, as JSON has it.
 *
 * @param of `operation "get-invoice" of "invoicing"`
 * @throws ConfigurationError for what is no JSON Schema
 */
export function schemaBracket(of: string, { input, output }: OperationTraits): Around {
  const inputProblems = compile(of, 'input', input);
  const outputProblems = compile(of, 'output', output);
  if (inputProblems === undefined && outputProblems === undefined) return (_, next) => next();
  return async ([value], next) => {
    const wrong = inputProblems?.(value) ?? [];
    if (wrong.length > 0) throw new InvalidInputError(of, wrong);
    const result = await next();
    const faulty = outputProblems?.(asJson(result)) ?? [];
    if (faulty.length > 0) throw new InvalidOutputError(of, faulty);
    return result;
  };
}

function compile(of: string, key: 'input' | 'output', schema: object | undefined): SchemaCheck | undefined {
  if (schema === undefined) return undefined;
  try {
    return compileSchema(schema);
  } catch (cause) {
    if (!(cause instanceof InvalidSchemaError)) throw cause;
    throw new ConfigurationError(`The ${key} schema of ${of} cannot be used. ${cause.message}`, { cause });
  }
}

/** A handler may return a `Date` where the schema says a text: a step's output is what JSON makes of it. */
function asJson(value: unknown): unknown {
  const text = JSON.stringify(value) as string | undefined;
  return text === undefined ? undefined : JSON.parse(text);
}
