import type { Json, ObservedError } from './recorded.js';

/** What the recording calls an error that has a code of ours. */
interface Name {
  readonly code: string | null;
  readonly status_code: number | null;
}

/** The original gives its own errors no code, apart from a few. */
const NAMELESS: Name = { code: null, status_code: null };
const NAMES: Readonly<Record<string, Name>> = {
  OPERATION_UNKNOWN: { code: 'OPERATION_NOT_FOUND', status_code: 404 },
  INVALID_DELIVERY_RESULT: { code: 'INVALID_DELIVERY_RESULT', status_code: 400 },
  UNEXPECTED_DELIVERY_RESULT: { code: 'UNEXPECTED_DELIVERY_RESULT', status_code: 400 },
  MISSING_DELIVERY_RESULT: { code: 'MISSING_DELIVERY_RESULT', status_code: 400 },
};

/** `kind`, which only cases have that ask for more than the original does: by our code and the type of the step. */
const KINDS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  REFERENCE_UNRESOLVED: { switch: 'SWITCH_UNRESOLVED' },
};

/** What a terminal of ours says of an error, as the recording says it. */
export function mappedError(
  ours: Json,
  stepType: unknown,
  at: Pick<ObservedError, 'step_id' | 'total_attempts'>,
): ObservedError {
  const error = ours as unknown as ObservedError;
  const { type, details, reason, message, source } = error;
  const code = error.code ?? '';
  const isOurs = source === 'engine' || source === 'infrastructure' || code === 'HELPER_FAILED';
  const { code: name, status_code } = isOurs ? (NAMES[code] ?? NAMELESS) : error;
  return {
    ...at,
    type,
    code: name,
    status_code,
    details,
    reason,
    message,
    source,
    kind: KINDS[code]?.[String(stepType)] ?? error.code ?? undefined,
  };
}
