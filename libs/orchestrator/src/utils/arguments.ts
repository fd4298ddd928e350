import { InvalidArgumentError } from '../errors/invalid-argument.error.js';
import { describe } from './describe.js';
import { describeError } from './describe-error.js';
import { isRecord } from './is-record.js';
import { unknownMember } from './unknown-member.js';

/** @throws InvalidArgumentError */
export function refuseNonObject(what: string, value: unknown): void {
  if (!isRecord(value)) throw new InvalidArgumentError(`${what} must be an object (got ${describe(value)}).`);
}

/** @throws InvalidArgumentError for options that are no object, and for one that does not exist */
export function refuseUnknown(of: string, options: object, names: readonly string[]): void {
  refuseNonObject(`${of}: the options`, options);
  const unknown = unknownMember(options, names, 'option');
  if (unknown !== undefined) throw new InvalidArgumentError(`${of}: ${unknown}`);
}

/** @throws InvalidArgumentError */
export function refuseNonText(what: string, value: unknown): void {
  if (typeof value !== 'string') throw new InvalidArgumentError(`${what} must be a text (got ${describe(value)}).`);
}

/** @throws InvalidArgumentError for what is no object, or no JSON */
export function asJson(what: string, document: object): string {
  refuseNonObject(what, document);
  let text: unknown;
  try {
    text = JSON.stringify(document);
  } catch (error) {
    throw new InvalidArgumentError(`${what} must be JSON (${describeError(error)}).`, { cause: error });
  }
  if (typeof text === 'string') return text;
  throw new InvalidArgumentError(`${what} must be JSON (its toJSON() gives nothing).`);
}
