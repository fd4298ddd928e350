import ms from 'ms';

/** Milliseconds, or a text such as `'500ms'`, `'30s'`, `'5 minutes'`, `'7d'`. */
export type Duration = number | string;

/** Milliseconds: longer ones are mistakes, and no moment could be reckoned with them. */
const TEN_YEARS = 10 * 365.25 * 24 * 60 * 60 * 1_000;

/**
 * Milliseconds of a duration; `undefined` for what is none: an unknown unit, a negative number, more than ten
 * years. A fraction of a millisecond is rounded. Callers say in their own error which option it was.
 */
export function toMilliseconds(duration: unknown): number | undefined {
  const value = typeof duration === 'string' && duration !== '' ? ms(duration as ms.StringValue) : duration;
  return typeof value === 'number' && value >= 0 && value <= TEN_YEARS ? Math.round(value) : undefined;
}
