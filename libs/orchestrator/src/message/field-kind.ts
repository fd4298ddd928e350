import { isFailure } from '../errors/failure.js';
import { isRecord } from '../utils/is-record.js';
import { parseMoment } from '../utils/moment.js';
import type { JsonObject } from './workflow-message.js';

/** What values a field of the envelope may have, and how they stand on the wire. */
export interface FieldKind<T> {
  /** Completes "must be …". */
  readonly expects: string;
  /** The value, or `undefined` for what is none. */
  decode(value: unknown): T | undefined;
  /** Default: as it is. */
  encode?(value: T): unknown;
}

export const word: FieldKind<string> = {
  expects: 'a text that is not empty',
  decode: (value) => (typeof value === 'string' && value !== '' ? value : undefined),
};

export const text: FieldKind<string> = {
  expects: 'a text',
  decode: (value) => (typeof value === 'string' ? value : undefined),
};

export const callerId: FieldKind<string | number> = {
  expects: 'a text or a number',
  decode: (value) =>
    typeof value === 'string' || (typeof value === 'number' && Number.isFinite(value)) ? value : undefined,
};

export const integer = (least: number): FieldKind<number> => ({
  expects: `a whole number of ${least} or more`,
  decode: (value) =>
    typeof value === 'number' && Number.isSafeInteger(value + 1) && value >= least ? value : undefined,
});

export const flag: FieldKind<true> = {
  expects: 'true, or left out',
  decode: (value) => (value === true ? value : undefined),
};

export const object: FieldKind<JsonObject> = {
  expects: 'an object',
  decode: (value) => (isRecord(value) ? value : undefined),
};

export const position: FieldKind<{ readonly frames: readonly JsonObject[] }> = {
  expects: 'an object whose "frames" is a list of objects',
  decode: (value) => {
    const frames: unknown = isRecord(value) ? value['frames'] : undefined;
    return Array.isArray(frames) && frames.every(isRecord) ? { ...(value as JsonObject), frames } : undefined;
  },
};

export const pointers: FieldKind<readonly string[]> = {
  expects: 'a list of JSON pointers',
  decode: (value) => {
    const isPointer = (each: unknown): boolean => typeof each === 'string' && each.startsWith('/');
    return Array.isArray(value) && value.every(isPointer) ? (value as string[]) : undefined;
  },
};

export const tags: FieldKind<readonly string[]> = {
  expects: 'a list of tags of the step cache',
  decode: (value) => (isTexts(value) ? value : undefined),
};

const isTexts = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((each) => typeof each === 'string');

/** Outcomes by path, as a message carries those that could not be recorded. */
export const journal: FieldKind<JsonObject> = {
  expects: 'an object of outcomes by path, each with "attempt", "at" and "outcome"',
  decode: (value) => (isRecord(value) && Object.values(value).every(isRecorded) ? value : undefined),
};

/** What a `Date` can hold. */
const isMoment = (at: unknown): boolean => typeof at === 'number' && Math.abs(at) <= 8.64e15;

function isRecorded(value: unknown): boolean {
  if (!isRecord(value) || !isRecord(value['outcome'])) return false;
  const { attempt, at, outcome, tags: changed = [] } = value;
  const { kind, failure } = outcome as JsonObject;
  const whole = kind === 'completed' || (kind === 'failed' && isFailure(failure));
  return whole && isTexts(changed) && Number.isSafeInteger(attempt) && (attempt as number) >= 1 && isMoment(at);
}

/** Milliseconds since the epoch; a text with its offset on the wire. */
export const instant: FieldKind<number> = {
  expects: 'a moment such as "2030-01-31T12:00:00.000Z"',
  decode: parseMoment,
  encode: (at) => new Date(at).toISOString(),
};
