import { buildMessage, ValidateBy, type ValidationOptions } from 'class-validator';
import { toMilliseconds } from './duration.js';

/** Validates a {@link Duration}; with `positive`, one longer than nothing. */
export function IsDuration(
  { positive = false }: { positive?: boolean } = {},
  options?: ValidationOptions,
): PropertyDecorator {
  const message = `must be a duration ${positive ? 'longer than 0 ' : ''}such as '30s' or 500 (milliseconds)`;
  const validate = (value: unknown): boolean => {
    const ms = toMilliseconds(value);
    return ms !== undefined && (ms > 0 || !positive);
  };
  return ValidateBy(
    { name: 'isDuration', validator: { validate, defaultMessage: buildMessage(() => message) } },
    options,
  );
}
