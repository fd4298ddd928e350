import { parseCookbook, type ParseOptions } from '../../libs/orchestrator/src/cookbook/cookbook.parser.js';
import type { Cookbook } from '../../libs/orchestrator/src/cookbook/cookbook.js';
import { InvalidCookbookError } from '../../libs/orchestrator/src/errors/invalid-cookbook.error.js';
import { DEFAULT_LIMITS } from '../../libs/orchestrator/src/message/limits.js';
import type { Problem } from '../../libs/orchestrator/src/utils/problem.js';

interface Document {
  readonly version: string;
  readonly steps: unknown;
}

/** A task as documents spell it. */
export const task = (step_id: string, more: object = {}): object => ({
  step_id,
  type: 'task',
  service: 'orders',
  operation: 'get-order',
  ...more,
});

export const book = (steps: unknown, more: object = {}): Document => ({ version: '2.1.0', steps, ...more });

/** A cookbook of one step, `a`. */
export const only = (step: object): Document => book([{ step_id: 'a', ...step }]);

/** Parses leniently, unless the options say otherwise. */
export const parse = (document: unknown, options: Partial<ParseOptions> = {}): Cookbook =>
  parseCookbook(document, { limits: DEFAULT_LIMITS, references: 'lenient', ...options });

/** What parsing finds wrong; empty for a cookbook. */
export function problemsOf(document: unknown, options: Partial<ParseOptions> = {}): readonly Problem[] {
  try {
    parse(document, options);
    return [];
  } catch (error) {
    if (error instanceof InvalidCookbookError) return error.problems;
    throw error;
  }
}

/** The value, frozen to its last member, so that a write to it throws. */
export function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null) Object.values(Object.freeze(value)).forEach(frozen);
  return value;
}
