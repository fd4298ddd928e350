import ms from 'ms';

/** Milliseconds, or a text such as `'500ms'`, `'30s'`, `'5 minutes'`, `'7d'`. */
export type Duration = number | string;

/**
 * Milliseconds of a duration; `undefined` for what is none: an unknown unit, a negative, infinite or fractional number of
 * milliseconds above one. Callers say in their own error which option it was.
 */
export function toMilliseconds(duration: unknown): number | undefined {
  const value = typeof duration === 'string' && duration !== '' ? ms(duration as ms.StringValue) : duration;
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? Math.round(value) : undefined;
}
