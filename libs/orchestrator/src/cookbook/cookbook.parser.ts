import { InvalidCookbookError } from '../errors/invalid-cookbook.error.js';
import type { Limits } from '../message/limits.js';
import type { ReferenceMode } from '../references/scope.js';
import { describe } from '../utils/describe.js';
import { compileSchema, type SchemaCheck } from '../utils/json-schema.js';
import { boundedCopy } from './bounded-copy.js';
import type { Cookbook } from './cookbook.js';
import { COOKBOOK_SCHEMA } from './cookbook.schema.js';
import { type KnownOperations, validate } from './cookbook.validator.js';
import { nameOf } from './definition.js';
import { Problems } from './problems.js';
import { respell } from './spelling.js';
import { checkKeys } from './unknown-keys.js';
import { checkVisibility } from './visibility.js';

export interface ParseOptions {
  readonly limits: Limits;
  /**
   * `strict`: a reference that no run can resolve is a problem, as is a key that seems meant but would be ignored.
   * `lenient`: as in the original, the one is text and the other ignored.
   */
  readonly references: ReferenceMode;
  /** Whose operations must exist. Default: nothing is known of any service. */
  readonly operations?: KnownOperations;
}

/**
 * A document as a cookbook: a copy, in the format's own spelling, which later changes to the document do not reach. Keys
 * of one's own are kept.
 *
 * @throws InvalidCookbookError with every problem of the document, up to fifty; with one when it exceeds `limits`
 */
export function parseCookbook(document: unknown, options: ParseOptions): Cookbook {
  const cookbook = boundedCopy(document, options.limits);
  const problems = new Problems();
  respell(cookbook, problems);
  validate(cookbook, options, problems);
  if (options.references === 'strict') {
    checkKeys(cookbook, problems);
    checkVisibility(cookbook, problems);
  }
  // All of them, whatever the size: the number of steps is bounded.
  shape ??= compileSchema(COOKBOOK_SCHEMA, { show: describe, atMost: Infinity });
  for (const problem of shape(cookbook)) if (!problems.know(problem.path)) problems.add(problem);
  if (problems.all.length > 0) throw new InvalidCookbookError(nameOf(cookbook), problems.all);
  return cookbook as unknown as Cookbook; // what the schema says
}

/** Compiled at its first use. */
let shape: SchemaCheck | undefined;
