import { ConfigurationError } from '../errors/configuration.error.js';
import { describe } from './describe.js';
import { isRecord } from './is-record.js';
import { unknownMember } from './unknown-member.js';

const KINDS = {
  'an object': isRecord,
  'a list': Array.isArray,
  'true or false': (value: unknown): boolean => typeof value === 'boolean',
  anything: (): boolean => true,
} as const;

/**
 * Checks what a function of the public API is given as its options, before it reads any.
 * @param kinds what each option must be where it is given
 * @throws ConfigurationError for what is no object, for an option that does not exist, and for one of another kind
 */
export function checkOptions(of: string, given: unknown, kinds: Readonly<Record<string, keyof typeof KINDS>>): void {
  if (!isRecord(given)) throw new ConfigurationError(`${of}: the options must be an object (got ${describe(given)}).`);
  const unknown = unknownMember(given, Object.keys(kinds), 'option');
  if (unknown !== undefined) throw new ConfigurationError(`${of}: ${unknown}`);
  for (const [name, kind] of Object.entries(kinds)) {
    const value = given[name];
    if (value === undefined || KINDS[kind](value)) continue;
    throw new ConfigurationError(`${of}: ${name} must be ${kind} (got ${describe(value)}).`);
  }
}
